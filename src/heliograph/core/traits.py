"""What intake and dispatch need to know of a channel, and what a channel says of itself when it is asked."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from heliograph.core.message import Content
from heliograph.core.retry import RetryPolicy


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a channel may go, by its provider's rules."""

    per_second: float = 0.0  # tries; 0 is no limit
    ramp: float = 0.0  # seconds in which a flood comes to that speed; 0 is at once
    near_quarter_hours: float = 1.0  # the share of it within two minutes of :00, :15, :30 and :45


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What intake and dispatch need to know of a channel, so that neither names one."""

    formats: tuple[str, ...] = ()  # ProviderInfo.SupportedMessagingFormats
    config_keys: frozenset[str] | None = None  # keys SendMessagesWithConfig may give; None: takes no config
    config_required: frozenset[str] = frozenset()  # those of them without which a configuration cannot be used
    concurrency: int = 16
    timeout: float = 30.0  # seconds for one try
    retry: RetryPolicy = RetryPolicy()
    addressed_by: str = ""  # which particular of a user is an address here: phone, email, user_name; empty: none
    shape: Shape = Shape()


class Check(msgspec.Struct, frozen=True):
    """What `channel check` says: one sentence."""

    ok: bool
    sentence: str


@runtime_checkable
class Counting(Protocol):
    """A channel of which one message may count, and cost, as several: an SMS of three parts."""

    def units(self, content: Content) -> int:
        """How many it counts as; at least 1. No I/O, and no error for what can never be sent."""
