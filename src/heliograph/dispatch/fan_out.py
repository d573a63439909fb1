"""Makes the deliveries of large fan-outs, a portion at a time, after their messages were accepted."""

from __future__ import annotations

from typing import Protocol

import structlog

from heliograph.core.delivery import Delivery
from heliograph.core.ports import Clock, Queue
from heliograph.dispatch.recurring import Recurring, Told

TROUBLE = 5.0  # seconds until the next look after the store was unavailable

log = structlog.get_logger(__name__)


class Expanding(Protocol):
    """What is made deliveries bit by bit: the outbox with its portions, the events with their notices."""

    async def expand(self) -> list[Delivery]:
        """The next few, made in one transaction; empty when nothing is left. Raises Unavailable."""


class FanOut(Recurring):
    """Looks every `poll` seconds, and goes on without a pause while there is more. A crash costs nothing: each portion
    is made in one transaction, and the next start goes on with the next one."""

    name = "fan-out"
    waits = Told("Fan-outs wait for the store.", "fan_out_waits")
    failed = Told("A fan-out failed; it will be looked at again.", "fan_out_bug")

    def __init__(self, outbox: Expanding, queue: Queue, clock: Clock, poll: float) -> None:
        super().__init__(clock, every=poll, in_trouble=TROUBLE)
        self._outbox = outbox
        self._queue = queue

    async def look(self) -> None:
        """Make everything that is left. Raises Unavailable."""
        count = await self.expand()
        if count:
            log.debug("A fan-out was made deliveries.", action="fanned_out", count=count)

    async def expand(self) -> int:
        """Make everything that is left; how many deliveries. Raises Unavailable."""
        total = 0
        while made := await self._outbox.expand():
            await self._queue.publish(made)
            total += len(made)
        return total
