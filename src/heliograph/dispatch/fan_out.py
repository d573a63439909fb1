"""Makes the deliveries of large fan-outs, a portion at a time, after their messages were accepted."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from heliograph.core.delivery import Delivery
from heliograph.core.errors import Unavailable
from heliograph.core.ports import Clock, Queue

TROUBLE = 5.0  # seconds until the next look after the store was unavailable

log = structlog.get_logger(__name__)


class Expanding(Protocol):
    """What is made deliveries bit by bit: the outbox with its portions, the events with their notices."""

    async def expand(self) -> list[Delivery]:
        """The next few, made in one transaction; empty when nothing is left. Raises Unavailable."""


class FanOut:
    """Looks every `poll` seconds, and goes on without a pause while there is more. A crash costs nothing: each portion
    is made in one transaction, and the next start goes on with the next one."""

    def __init__(self, outbox: Expanding, queue: Queue, clock: Clock, poll: float) -> None:
        self._outbox = outbox
        self._queue = queue
        self._clock = clock
        self._poll = poll
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="fan-out")

    async def stop(self) -> None:
        """Look no more; what is left stays for the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def expand(self) -> int:
        """Make everything that is left; how many deliveries. Raises Unavailable."""
        total = 0
        while made := await self._outbox.expand():
            await self._queue.publish(made)
            total += len(made)
        return total

    async def _run(self) -> None:
        in_trouble = False
        while True:
            try:
                count = await self.expand()
                if count:
                    log.debug("A fan-out was made deliveries.", action="fanned_out", count=count)
                in_trouble = False
            except Unavailable as trouble:
                if not in_trouble:
                    log.warning("Fan-outs wait for the store.", action="fan_out_waits", reason=trouble.detail)
                in_trouble = True
            except Exception:
                log.exception("A fan-out failed; it will be looked at again.", action="fan_out_bug")
                in_trouble = True
            await self._clock.sleep(TROUBLE if in_trouble else self._poll)
