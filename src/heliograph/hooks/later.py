"""Runs AfterAsync events: at once from memory, and after a crash from the table they were written to with their calls."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from heliograph.core.errors import Unavailable
from heliograph.core.ports import Agenda, Clock, Sealer
from heliograph.core.scripting import DueEvent
from heliograph.hooks.holding import Holding, Payload
from heliograph.hooks.job import Job
from heliograph.hooks.pool import Pool
from heliograph.hooks.shelf import Shelf
from heliograph.hooks.wire import AFTER_ASYNC

log = structlog.get_logger(__name__)

RENEW_EVERY = 10.0  # seconds
TIDY_EVERY = 0.2  # seconds between writes of what is done; each is one commit for all
LOOK_EVERY = 1.0  # seconds between looks at the table
ASIDE_MS = 60_000  # until an event is looked at again whose script cannot serve
GATHER = 0.005  # seconds between an answer and its AfterAsync event
AT_ONCE = 16  # events given to the pool at the same time
MOST_IN_MEMORY = 5_000  # events that wait; what comes above goes back to the table


class Later:
    """The AfterAsync events of this process, and those that others left behind."""

    def __init__(
        self,
        agenda: Agenda,
        pool: Pool,
        shelf: Shelf,
        sealer: Sealer,
        clock: Clock,
        told: Callable[[Job], None],
    ) -> None:
        self._holding = Holding(agenda, sealer, clock)
        self._pool = pool
        self._shelf = shelf
        self._clock = clock
        self._told = told  # hears of every job that has run
        self._waiting: deque[tuple[DueEvent, Payload]] = deque()
        self._running: dict[int, tuple[DueEvent, Job]] = {}
        self._gathering: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._runs_here = False

    # ---------------------------------------------------------------- one call

    def due(self, method: str, company_id: int, payload: Payload) -> DueEvent:
        """An event to be kept in the transaction that accepts the call; held until `put` or `let_go`."""
        return self._holding.made(method, company_id, payload)

    def put(self, event: DueEvent, payload: Payload, *, kept: bool, changed: bool) -> None:
        """The call has been answered: run it now. `kept` tells whether it is in the table already."""
        if changed or not kept:
            self._holding.rewrite(event, payload)
        if self._runs_here and len(self._waiting) < MOST_IN_MEMORY:
            self._waiting.append((event, payload))
            self._holding.hold(event)
            self._pump_soon()
        else:
            self._holding.give_back(event)

    def let_go(self, event: DueEvent) -> None:
        """The call ended without an answer of its own; if it was accepted after all, the table knows."""
        self._holding.forget(event)

    # ---------------------------------------------------------------- life

    async def start(self, *, only_here: bool) -> None:
        """Begin to run events. `only_here`: no other process serves this store, so every lease is a dead one's."""
        self._runs_here = True
        if only_here:
            await self._holding.release()
        self._tasks = [
            asyncio.create_task(each()) for each in (self._tidy_always, self._look_always, self._renew_always)
        ]

    async def stop(self, within: float) -> None:
        """Finish what runs, within that many seconds; the rest goes back to the table."""
        self._runs_here = False
        tasks = [*self._tasks, *([self._gathering] if self._gathering is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._waiting:
            self._holding.give_back(self._waiting.popleft()[0])
        if self._running:
            await asyncio.wait([job.future for _, job in self._running.values()], timeout=within)
        for event, job in list(self._running.values()):
            job.future.cancel()
            self._holding.give_back(event)
        await self._bravely(self._holding.tidy)

    # ---------------------------------------------------------------- running

    @property
    def waiting(self) -> int:
        """How many events this process has taken up and not finished."""
        return len(self._waiting) + len(self._running)

    def _pump_soon(self) -> None:
        """A little later, so that events of calls in quick succession travel together and delay no call."""
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather())

    async def _gather(self) -> None:
        await self._clock.sleep(GATHER)
        self._pump()

    def _pump(self) -> None:
        while self._waiting and len(self._running) < AT_ONCE:
            self._begin(*self._waiting.popleft())

    def _begin(self, event: DueEvent, payload: Payload) -> None:
        scripts = self._shelf.chain(AFTER_ASYNC, event.method)
        if scripts:
            job = Job(
                AFTER_ASYNC, event.method, scripts, payload.who, payload.arguments, payload.result, payload.states
            )
            self._running[event.id] = (event, job)
            job.future.add_done_callback(partial(self._ended, event))
            self._pool.put(job)
        elif self._shelf.incomplete:
            self._set_aside(event)
        else:
            self._holding.finished(event)

    def _ended(self, event: DueEvent, future: asyncio.Future[Job]) -> None:
        self._running.pop(event.id, None)
        if not future.cancelled():
            job = future.result()
            self._told(job)
            if job.given_up:
                self._set_aside(event)
            else:
                self._holding.finished(event)
        if self._waiting and self._runs_here:
            self._pump()

    def _set_aside(self, event: DueEvent) -> None:
        """The script that listened may be the one that is broken or disabled now: wait until that is mended."""
        self._holding.give_back(event, until=self._clock.now() + ASIDE_MS)

    # ---------------------------------------------------------------- the table

    async def _tidy_always(self) -> None:
        while True:
            await self._holding.news.wait()
            self._holding.news.clear()
            await self._clock.sleep(TIDY_EVERY)
            await self._bravely(self._holding.tidy)

    async def _look_always(self) -> None:
        while True:
            await self._bravely(self._look)
            await self._clock.sleep(LOOK_EVERY)

    async def _look(self) -> None:
        room = MOST_IN_MEMORY - len(self._waiting)
        if room > 0:
            for event, payload in await self._holding.claim(room):
                self._holding.hold(event)
                self._waiting.append((event, payload))
            self._pump()

    async def _renew_always(self) -> None:
        while True:
            await self._clock.sleep(RENEW_EVERY)
            await self._bravely(self._holding.renew)

    async def _bravely(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Unavailable as trouble:
            log.warning("The store cannot keep AfterAsync events now.", action="agenda_waits", reason=trouble.detail)
            self._holding.news.set()
            await self._clock.sleep(LOOK_EVERY)
        except Exception:  # of one round: the next ones must come
            log.exception("An AfterAsync event could not be kept.", action="agenda_bug")
