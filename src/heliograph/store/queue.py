"""The embedded queue: hints of what this process accepted, and the outbox table for everything else."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from heliograph.core.delivery import Delivery
from heliograph.core.lifecycle import State
from heliograph.core.ports import Clock

HINTS_MAX = 100_000  # ids remembered per channel; beyond them the table is asked
LOOK_EVERY_MS = 1_000  # how often the table is asked although there are hints

Look = Callable[[str, int, int], list[int]]  # channel, now, limit -> ids due by the table, oldest first
Next = Callable[[str, int], int | None]  # channel, now -> when the next one that is not due yet becomes so


class Hints:
    """What was published on one channel and not asked for yet."""

    def __init__(self) -> None:
        self.ids: deque[tuple[int, int]] = deque(maxlen=HINTS_MAX)  # due time, id
        self.looked_at = 0  # ms since the epoch: the last time the table was asked
        self.news = asyncio.Event()

    def take(self, now: int, limit: int) -> list[int]:
        """The oldest hints; those not due yet are dropped, the table will tell of them in time."""
        taken: list[int] = []
        while self.ids and len(taken) < limit:
            due_at, id = self.ids.popleft()
            if due_at <= now:
                taken.append(id)
        return taken


class TableQueue:
    """Port `Queue`, over any table that can be asked for due work."""

    def __init__(self, look: Look, next_due: Next, clock: Clock) -> None:
        self._look = look
        self._next_due = next_due
        self._clock = clock
        self._channels: dict[str, Hints] = {}

    async def publish(self, deliveries: Iterable[Delivery]) -> None:
        """Remember the ids and wake whoever waits on their channels."""
        for delivery in deliveries:
            if delivery.state is State.QUEUED:
                hints = self._of(delivery.channel)
                hints.ids.append((delivery.due_at, delivery.id))
                hints.news.set()

    async def due(self, channel: str, *, now: int, limit: int) -> list[int]:
        """Hinted ids first. The table is asked when they run out, and once a second while they do not.

        Retries, work of other processes and what a restart found are known to the table alone.
        """
        hints = self._of(channel)
        hints.news.clear()
        overdue = abs(now - hints.looked_at) >= LOOK_EVERY_MS
        if overdue or not hints.ids:
            hints.looked_at = now
            found = self._look(channel, now, limit)
            if found or not hints.ids:
                return found
        taken = hints.take(now, limit)
        return taken if taken else self._look(channel, now, limit)

    async def wait(self, channel: str, *, until: float) -> None:
        """Come back on news, when a retry becomes due, or after `until` seconds."""
        hints = self._of(channel)
        if hints.ids or hints.news.is_set():
            return
        now = self._clock.now()
        due_at = self._next_due(channel, now)
        seconds = until if due_at is None else min(until, (due_at - now) / 1000)
        waits = [asyncio.ensure_future(hints.news.wait()), asyncio.ensure_future(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _of(self, channel: str) -> Hints:
        hints = self._channels.get(channel)
        if hints is None:
            hints = self._channels[channel] = Hints()
        return hints
