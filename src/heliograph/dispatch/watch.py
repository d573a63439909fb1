"""Ends tries that take longer than their channel allows, with one alarm for the whole lane."""

from __future__ import annotations

import asyncio

from heliograph.core.ports import Clock


class Watch:
    """A time limit, the same for every task it watches.

    As the limit is one, the oldest task is always the next to be overdue: one sleeper on the
    clock serves a lane of any width, and a quick try costs two dictionary operations.
    """

    def __init__(self, clock: Clock, limit: float) -> None:
        self.limit = limit  # seconds
        self._clock = clock
        self._since: dict[asyncio.Task[None], float] = {}  # in order of time
        self._overdue: set[asyncio.Task[None]] = set()
        self._arrival: asyncio.Future[None] | None = None

    def enter(self, task: asyncio.Task[None]) -> float:
        """Start the limit for this task; the monotonic time in seconds."""
        began = self._clock.monotonic()
        self._since[task] = began
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        return began

    def leave(self, task: asyncio.Task[None]) -> None:
        """The task has done what was limited."""
        self._since.pop(task, None)
        if self._overdue:
            self.ended(task)

    def ended(self, task: asyncio.Task[None]) -> bool:
        """Whether this watch, and nobody else, has cancelled the task; then the cancellation counts as dealt with."""
        if task not in self._overdue:
            return False
        self._overdue.discard(task)
        return task.uncancel() == 0

    async def run(self) -> None:
        """Keep watch until cancelled."""
        while True:
            while not self._since:  # whoever came may have gone again by then
                self._arrival = asyncio.get_running_loop().create_future()
                await self._arrival
            task, began = next(iter(self._since.items()))
            left = began + self.limit - self._clock.monotonic()
            if left > 0:
                await self._clock.sleep(left)
            else:
                del self._since[task]
                self._overdue.add(task)
                task.cancel()
