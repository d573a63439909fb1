"""One delivery on its way through one try."""

from __future__ import annotations

import asyncio

from heliograph.core.delivery import Attempt, Claimed, Delivery
from heliograph.core.message import Message
from heliograph.core.retry import Decision

DETAIL_LIMIT = 500  # characters of a channel's words that are kept


class Trip:
    """What is known of a try while it runs: the steps of `Courier` fill it in, the lane looks at it when it must stop."""

    __slots__ = (
        "attempt",
        "began",
        "config",
        "decision",
        "delivery",
        "lease",
        "lease_until",
        "message",
        "provider_id",
        "recorded",
        "started_at",
        "task",
    )

    def __init__(self, claimed: Claimed, lease_until: int, started_at: int) -> None:
        self.delivery: Delivery = claimed.delivery
        self.message: Message = claimed.message
        self.lease = claimed.delivery.lease
        self.lease_until = lease_until  # ms since the epoch
        self.started_at = started_at  # ms since the epoch
        self.config: dict[str, str] = {}  # secret
        self.began: float | None = None  # monotonic seconds at which the channel was asked, if it was
        self.attempt: Attempt | None = None  # what to append, once the channel has answered
        self.decision: Decision | None = None  # what follows, once that is known
        self.provider_id = ""
        self.recorded = False
        self.task: asyncio.Task[None] | None = None

    def renew(self, claimed: Claimed, lease_until: int) -> None:
        """Go on under a newer lease: the old one lapsed while this process was still at it."""
        self.lease = claimed.delivery.lease
        self.lease_until = lease_until
