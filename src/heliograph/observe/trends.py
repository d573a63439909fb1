"""What happened in each of the last sixty minutes, from looks at the counters every few seconds."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from heliograph.core.lifecycle import State
from heliograph.core.ports import Clock
from heliograph.core.standing import BAD_ENDS, Minute
from heliograph.core.webhooks import CHANNEL
from heliograph.observe.counters import Counters

MINUTES = 60
LOOK_EVERY = 5.0  # seconds
_MINUTE_MS = 60_000
_WELL = frozenset({State.SENT, State.DELIVERED, State.REPLIED})

Totals = tuple[int, int, int]  # accepted, went well, ended badly


class Trends:
    """Costs nothing where events happen: it only reads the totals."""

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock
        self._last: Totals = (0, 0, 0)
        self._minutes: OrderedDict[int, Totals] = OrderedDict()  # by minutes since the epoch
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="trends")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def look(self) -> None:
        """Add what happened since the last look to this minute."""
        totals = self._totals()
        accepted, well, badly = (new - old for new, old in zip(totals, self._last, strict=True))
        self._last = totals
        minute = self._clock.now() // _MINUTE_MS
        before = self._minutes.get(minute, (0, 0, 0))
        self._minutes[minute] = (before[0] + accepted, before[1] + well, before[2] + badly)
        while len(self._minutes) > MINUTES:
            self._minutes.popitem(last=False)

    def minutes(self) -> list[Minute]:
        """The last sixty minutes, oldest first; the last one is not over."""
        self.look()
        last = self._clock.now() // _MINUTE_MS
        quiet = (0, 0, 0)
        return [
            Minute(minute * _MINUTE_MS, *self._minutes.get(minute, quiet))
            for minute in range(last - MINUTES + 1, last + 1)
        ]

    def _totals(self) -> Totals:
        accepted, well, badly = self._counters.deliveries, 0, 0
        for (word, channel, state), count in self._counters.snapshot().items():
            if word == "delivery_settled" and channel != CHANNEL:  # notices were not accepted from anybody
                well += count if state in _WELL else 0
                badly += count if state in BAD_ENDS else 0
        return accepted, well, badly

    async def _run(self) -> None:
        while True:
            self.look()
            await self._clock.sleep(LOOK_EVERY)
