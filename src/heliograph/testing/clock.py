"""A clock that stands still until a test makes it jump."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

SATURDAY_NOON = 1_795_262_400_000  # 2026-11-21 12:00 UTC, in ms since the epoch
SETTLING_ROUNDS = 60  # turns of the event loop in which woken tasks may finish what needs no waiting


class JumpingClock:
    """Port `Clock`. Sleepers wake in the order of their times, at exactly their times, when the clock jumps past."""

    def __init__(self, now: int = SATURDAY_NOON) -> None:
        self._start_ms = now
        self._elapsed = 0.0  # seconds since the start
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Wall time in ms since the epoch."""
        return self._start_ms + round(self._elapsed * 1000)

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Come back when the clock has jumped that far; a wait of nothing gives others one turn."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waking = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), waking))
        await waking

    async def jump(self, seconds: float) -> None:
        """Go forward that far, stopping at every sleeper on the way so that it acts at its own time."""
        if seconds < 0:
            raise ValueError("a clock only jumps forward")
        await self.settle()
        target = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= target:
            at, _, waking = heapq.heappop(self._sleepers)
            if waking.done():  # its task was cancelled meanwhile
                continue
            self._elapsed = max(self._elapsed, at)
            waking.set_result(None)
            await self.settle()
        self._elapsed = target
        await self.settle()

    async def stall(self, seconds: float) -> None:
        """Go forward that far with nobody awake on the way, as when the machine stands still: all wake late."""
        self._elapsed += seconds
        await self.jump(0)

    async def settle(self) -> None:
        """Let every task run until it waits for time, for a thread or for the network."""
        for _ in range(SETTLING_ROUNDS):
            await asyncio.sleep(0)

    @property
    def sleepers(self) -> int:
        """How many tasks wait for this clock."""
        return sum(not waking.done() for _, _, waking in self._sleepers)
