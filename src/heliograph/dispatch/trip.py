"""One delivery on its way through one try."""

from __future__ import annotations

import asyncio

import msgspec

from heliograph.core.delivery import Attempt, Claimed, Delivery
from heliograph.core.message import Message
from heliograph.core.retry import Decision

DETAIL_LIMIT = 500  # characters of a channel's words that are kept


class Trip(msgspec.Struct, eq=False):
    """What is known of a try while it runs: the steps of `Courier` fill it in, the lane looks at it when it must stop.

    A struct, because one is made for every try and a struct is made in a quarter of the time.
    """

    delivery: Delivery
    message: Message
    lease: int
    lease_until: int  # ms since the epoch
    started_at: int  # ms since the epoch
    config: dict[str, str] = {}  # secret
    began: float | None = None  # monotonic seconds at which the channel was asked, if it was
    attempt: Attempt | None = None  # what to append, once the channel has answered
    decision: Decision | None = None  # what follows, once that is known
    provider_id: str = ""
    task: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, claimed: Claimed, lease_until: int, started_at: int) -> Trip:
        """The trip of a delivery that was just claimed."""
        return cls(claimed.delivery, claimed.message, claimed.delivery.lease, lease_until, started_at)

    def renew(self, claimed: Claimed, lease_until: int) -> None:
        """Go on under a newer lease: the old one lapsed while this process was still at it."""
        self.lease = claimed.delivery.lease
        self.lease_until = lease_until
