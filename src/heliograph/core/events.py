"""The facts that counters, logs and the audit trail see. They carry no content, and no address of ours.

The provider's words (`detail`) are the provider's: they are shown to operators and never logged.
"""

from __future__ import annotations

import msgspec

from heliograph.core.lifecycle import Happening, State


class MessageAccepted(msgspec.Struct, frozen=True):
    """A message is on disk, with that many deliveries."""

    message_id: int
    company_id: int
    deliveries: int
    took: float = 0.0  # seconds from the call for it until it was on disk


class MessageAnswered(msgspec.Struct, frozen=True):
    """A recipient answered a question."""

    message_id: int
    company_id: int
    delivery_id: int


class AttemptMade(msgspec.Struct, frozen=True):
    """A channel was asked to deliver, and this came of it."""

    delivery_id: int
    channel: str
    number: int
    outcome: str  # accepted, deferred, refused, gone
    took_ms: int
    detail: str = ""  # what the provider said of it; empty when it took it


class DeliverySettled(msgspec.Struct, frozen=True):
    """A delivery has come to rest."""

    delivery_id: int
    channel: str
    state: State
    age: float = 0.0  # seconds since its message was accepted


class ReceiptCame(msgspec.Struct, frozen=True):
    """A provider said later what became of a message. `happening` is None when nobody knows the message it names."""

    channel: str
    happening: Happening | None


class ChannelPaused(msgspec.Struct, frozen=True):
    """A channel claims no more work; dispatch looks again after that many seconds."""

    channel: str
    reason: str
    seconds: float


class ProviderAway(msgspec.Struct, frozen=True):
    """Nobody can be reached at a channel's provider; the channel waits, and looks again at least twice a minute."""

    channel: str
    reason: str


class ChannelResumed(msgspec.Struct, frozen=True):
    """A paused channel takes work again, or one whose provider was away."""

    channel: str


class SecondWayTaken(msgspec.Struct, frozen=True):
    """A delivery was made in the place of one that was lost; if its channel costs, it costs again."""

    message_id: int
    delivery_id: int
    replaces: int  # the delivery that was lost
    channel: str  # the one that is taken now
    reason: str  # core/fallback.py, Reason


class QuotaReached(msgspec.Struct, frozen=True):
    """Messages were refused because a limit was reached."""

    company_id: int
    channel: str  # empty where the limit is the company's
    limit: str  # which kind: company, channel, prefix, country, address
    refused: int  # messages


class CostlyText(msgspec.Struct, frozen=True):
    """A text needs more SMS than it would without a few characters."""

    message_id: int
    channel: str
    parts: int


class ScriptFailed(msgspec.Struct, frozen=True):
    """A script of the operator's did not do its part in an event (before, after, after_async)."""

    script: str
    event: str


class ScriptDisabled(msgspec.Struct, frozen=True):
    """A script broke its limits too often and runs no more until it changes or is reloaded."""

    script: str


Event = (
    MessageAccepted
    | MessageAnswered
    | AttemptMade
    | DeliverySettled
    | ReceiptCame
    | ChannelPaused
    | ProviderAway
    | ChannelResumed
    | SecondWayTaken
    | QuotaReached
    | CostlyText
    | ScriptFailed
    | ScriptDisabled
)
