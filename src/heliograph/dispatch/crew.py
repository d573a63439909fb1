"""The tasks that carry a lane's trips. They are kept from trip to trip: to make one costs more than all it does for a trip."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from heliograph.dispatch.trip import Trip

KEPT = 4096  # tasks that may wait for work; further ones end when they have none


class Crew:
    """As many tasks as there are trips at once. `carry` lets nothing escape but a cancellation; `carried` follows it."""

    def __init__(self, name: str, carry: Callable[[Trip], Awaitable[None]], carried: Callable[[Trip], None]) -> None:
        self._name = name
        self._carry = carry
        self._carried = carried
        self._idle: list[asyncio.Future[Trip | None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def send(self, trips: Iterable[Trip]) -> None:
        """Begin these trips."""
        for trip in trips:
            if self._idle:
                self._idle.pop().set_result(trip)
            else:
                task = asyncio.create_task(self._serve(trip), name=f"crew of {self._name}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Send nobody out any more; come back when all trips have ended."""
        self._closing = True
        for turn in self._idle:
            turn.set_result(None)
        self._idle.clear()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def cancel(self) -> None:
        """Break off what is under way."""
        for task in self._tasks:
            task.cancel()

    async def _serve(self, trip: Trip | None) -> None:
        me, loop = asyncio.current_task(), asyncio.get_running_loop()
        while trip is not None:
            trip.task = me
            await self._carry(trip)
            self._carried(trip)
            if self._closing or len(self._idle) >= KEPT:
                return
            turn: asyncio.Future[Trip | None] = loop.create_future()
            self._idle.append(turn)
            trip = await turn
