"""One message to one address by one channel, its attempts, and what the store and dispatch hand each other."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from heliograph.core.fallback import Standby
from heliograph.core.lifecycle import LATER_WORDS, Happening, State
from heliograph.core.message import Message
from heliograph.core.replay import Replay
from heliograph.core.scripting import DueEvent
from heliograph.core.usage import Used


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where, on one channel: a token, a number, a mailbox, a URL, a user id."""

    value: str
    associate_id: int | None = None  # whose it is, when we know
    device_id: int | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The unit of work and of status."""

    id: int
    message_id: int
    company_id: int
    channel: str
    address: str
    associate_id: int | None = None
    device_id: int | None = None
    state: State = State.QUEUED
    attempts: int = 0
    due_at: int = 0  # ms since the epoch
    expires_at: int = 0  # ms since the epoch; the message's, copied so that due work is found by one index
    lease_until: int = 0  # ms since the epoch; 0 when not leased
    lease: int = 0  # the fencing token of the newest lease
    provider_id: str = ""
    detail: str = ""  # why it stands where it stands, in words
    sealed_config: bytes = b""  # the caller's channel configuration, encrypted; emptied when no try can follow
    updated_at: int = 0


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One try, appended and never edited."""

    delivery_id: int
    number: int
    started_at: int  # ms since the epoch
    took_ms: int
    outcome: str  # accepted, deferred, refused, gone
    detail: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of a delivery after it was taken, whether or not it moved the delivery."""

    delivery_id: int
    happening: Happening  # ARRIVED, BOUNCED or ANSWERED
    detail: str = ""
    at: int  # ms since the epoch: when it was first said


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """What one call asks the outbox to keep, all or nothing."""

    messages: tuple[Message, ...]
    deliveries: tuple[Delivery, ...]
    later: tuple[Delivery, ...] = ()  # the rest of a fan-out: kept as lists, and made deliveries by `Outbox.expand`
    records: tuple[Record, ...] = ()  # what happens to earlier deliveries by this: an answer to one of them
    events: tuple[DueEvent, ...] = ()  # what scripts are to be told afterwards
    replay: Replay | None = None  # what a repetition of the call is answered; its key must be free
    standbys: tuple[Standby, ...] = ()  # second ways for these deliveries
    usage: tuple[Used, ...] = ()  # what the call takes of quotas


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery under lease, with what it carries. `delivery.lease` is the token to record with."""

    delivery: Delivery
    message: Message


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What befell a delivery. With a stale `lease` the attempt is kept and the delivery is not moved."""

    delivery_id: int
    happening: Happening
    at: int  # ms since the epoch
    lease: int | None = None  # None: not bound to a lease (receipt, operator, sweeper)
    due_at: int | None = None
    detail: str = ""
    provider_id: str = ""
    refund: bool = False
    expires_at: int | None = (
        None  # ms since the epoch: a new end to its time to live, which an operator's RETRIED gives
    )
    attempt: Attempt | None = None

    @property
    def receipt(self) -> Receipt | None:
        """What is kept of a provider's, a program's or a recipient's later word; None for whatever else happens."""
        if self.lease is not None or self.happening not in LATER_WORDS:
            return None
        return Receipt(delivery_id=self.delivery_id, happening=self.happening, detail=self.detail, at=self.at)


class Moved(msgspec.Struct, frozen=True):
    """What a Record did. `state` is the delivery's state now; `moved` is False for a stale lease or an illegal move."""

    delivery_id: int
    state: State | None  # None: no such delivery
    moved: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says later of a message it took: a receipt."""

    ids: tuple[str, ...] = ()  # the provider's id of the message; as it came first, then in other notations
    happening: Happening  # ARRIVED or BOUNCED
    detail: str = ""
    address: str = ""  # whose receipt it is, where the provider says so; tells apart what an id alone does not
    only: int | None = None  # the one delivery that whoever reports may speak of; None: any of the channel's
    message_id: int = 0  # ours, and
    delivery_id: int = 0  # ours, where the channel has proof which delivery is meant; then `ids` does not count
    gone: bool = False  # the address is dead, or its owner wants no more: never use it again


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel is handed for its one try."""

    message: Message
    delivery_id: int
    address: Address
    attempt: int  # counts from 1
    config: dict[str, str] = {}  # the caller's own configuration, opened; secret


class ItemState(StrEnum):
    """What the recipient has done with an inbox item."""

    UNREAD = "unread"
    READ = "read"
    ANSWERED = "answered"


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """A message as its recipient sees it. `id` grows with time within one gateway."""

    id: int
    associate_id: int
    company_id: int
    message_id: int
    delivery_id: int  # unique: the same delivery never makes two items
    title: str
    body: str
    url: str
    type: str
    record_id: int
    data: dict[str, str]
    state: ItemState
    time: int  # ms since the epoch
    expires_at: int  # ms since the epoch: when the display ends; 0 is never
