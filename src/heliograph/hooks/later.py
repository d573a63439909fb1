"""Runs AfterAsync events: at once from memory, and after a crash from the table they were written to with their calls."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
import structlog
from msgspec.structs import replace

from heliograph.core.errors import Unavailable
from heliograph.core.ports import Agenda, Clock, Sealer
from heliograph.core.scripting import DueEvent
from heliograph.hooks.job import Job
from heliograph.hooks.pool import Pool
from heliograph.hooks.shelf import Shelf
from heliograph.hooks.wire import AFTER_ASYNC, Who

log = structlog.get_logger(__name__)

LEASE_MS = 30_000  # after a crash, an event that nobody could release waits at most this long
RENEW_EVERY = 10.0  # seconds
TIDY_EVERY = 0.2  # seconds between writes of what is done; each is one commit for all
LOOK_EVERY = 1.0  # seconds between looks at the table
ASIDE_MS = 60_000  # until an event is looked at again whose script cannot serve
GATHER = 0.005  # seconds between an answer and its AfterAsync event
AT_ONCE = 16  # events given to the pool at the same time
MOST_IN_MEMORY = 5_000  # events that wait; what comes above goes back to the table
MOST_ATTEMPTS = 10
_CONTEXT = "script.event"


class Payload(msgspec.Struct, array_like=True):
    """What an AfterAsync handler is given."""

    who: Who
    arguments: bytes
    result: bytes | None
    states: dict[str, bytes]


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
        self._agenda = agenda
        self._pool = pool
        self._shelf = shelf
        self._sealer = sealer
        self._clock = clock
        self._told = told  # hears of every job that has run
        self._held: dict[int, DueEvent] = {}  # whose lease this process renews
        self._waiting: deque[tuple[DueEvent, Payload]] = deque()
        self._running: dict[int, Job] = {}
        self._gathering: asyncio.Task[None] | None = None
        self._done: list[int] = []
        self._changed: dict[int, tuple[DueEvent, Payload | None]] = {}  # to be written; with a new payload or the old
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._runs_here = False
        self._last_id = 0

    # ---------------------------------------------------------------- one call

    def due(self, method: str, company_id: int, payload: Payload) -> DueEvent:
        """An event to be kept in the transaction that accepts the call; held until `put` or `let_go`."""
        now = self._clock.now()
        self._last_id = max(self._last_id + 1, now << 22)
        event = DueEvent(
            id=self._last_id,
            company_id=company_id,
            method=method,
            created_at=now,
            lease_until=now + LEASE_MS,
            payload=self._sealed(payload),
        )
        self._held[event.id] = event
        return event

    def put(self, event: DueEvent, payload: Payload, *, kept: bool, changed: bool) -> None:
        """The call has been answered: run it now. `kept` tells whether it is in the table already."""
        if changed or not kept:
            self._changed[event.id] = (event, payload)  # written only if the event has not run by then
        if self._runs_here and len(self._waiting) < MOST_IN_MEMORY:
            self._waiting.append((event, payload))
            self._held[event.id] = event
            self._pump_soon()
        else:
            self._give_back(event)
        self._news.set()

    def let_go(self, event: DueEvent) -> None:
        """The call ended without an answer of its own; if it was accepted after all, the table knows."""
        self._held.pop(event.id, None)

    def _give_back(self, event: DueEvent) -> None:
        self._let_lie(event, until=0)

    def _let_lie(self, event: DueEvent, *, until: int) -> None:
        """Hold it no longer. The row is written anew, with the newest payload: the one yet to be written, or the last."""
        event = self._held.pop(event.id, event)
        _, payload = self._changed.get(event.id, (event, None))
        self._changed[event.id] = (replace(event, lease_until=until, attempts=0), payload)
        self._news.set()

    def _sealed(self, payload: Payload) -> bytes:
        return self._sealer.seal(msgspec.msgpack.encode(payload), context=_CONTEXT)

    # ---------------------------------------------------------------- life

    async def start(self, *, only_here: bool) -> None:
        """Begin to run events. `only_here`: no other process serves this store, so every lease is a dead one's."""
        self._runs_here = True
        if only_here:
            await self._agenda.release()
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
            self._give_back(self._waiting.popleft()[0])
        if self._running:
            await asyncio.wait([job.future for job in self._running.values()], timeout=within)
        for id, job in list(self._running.items()):
            job.future.cancel()
            self._give_back(self._held[id])
        await self._bravely(self.tidy)

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
            self._running[event.id] = job
            job.future.add_done_callback(partial(self._ended, event))
            self._pool.put(job)
        elif self._shelf.incomplete:
            self._set_aside(event)
        else:
            self._finished(event)

    def _ended(self, event: DueEvent, future: asyncio.Future[Job]) -> None:
        self._running.pop(event.id, None)
        if not future.cancelled():
            job = future.result()
            self._told(job)
            if job.given_up:
                self._set_aside(event)
            else:
                self._finished(event)
        if self._waiting and self._runs_here:
            self._pump()

    def _finished(self, event: DueEvent) -> None:
        self._done.append(event.id)
        self._held.pop(event.id, None)
        self._news.set()

    def _set_aside(self, event: DueEvent) -> None:
        """The script that listened may be the one that is broken or disabled now: wait until that is mended."""
        self._let_lie(event, until=self._clock.now() + ASIDE_MS)

    # ---------------------------------------------------------------- the table

    async def tidy(self) -> None:
        """Write what is done and what has changed, in one commit. Raises Unavailable; then all of it is kept for later."""
        done, self._done = self._done, []
        changed, self._changed = self._changed, {}
        finished = set(done)
        try:
            if done or changed:
                kept = [self._row(*each) for id, each in changed.items() if id not in finished]
                await self._agenda.settle(done=done, kept=kept)
                self._held |= {row.id: row for row in kept if row.id in self._held}
        except BaseException:
            self._done = done + self._done
            self._changed = changed | self._changed
            raise

    def _row(self, event: DueEvent, payload: Payload | None) -> DueEvent:
        return event if payload is None else replace(event, payload=self._sealed(payload))

    async def _tidy_always(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._clock.sleep(TIDY_EVERY)
            await self._bravely(self.tidy)

    async def _look_always(self) -> None:
        while True:
            await self._bravely(self._look)
            await self._clock.sleep(LOOK_EVERY)

    async def _look(self) -> None:
        """Take up what nobody holds, as much as there is room for."""
        room = MOST_IN_MEMORY - len(self._waiting)
        if room <= 0:
            return
        now = self._clock.now()
        for event in await self._agenda.claim(now=now, lease_until=now + LEASE_MS, limit=min(room, 500)):
            self._take_up(event)
        self._news.set()
        self._pump()

    def _take_up(self, event: DueEvent) -> None:
        if event.id in self._held:
            return
        try:
            payload = msgspec.msgpack.decode(self._sealer.open(event.payload, context=_CONTEXT), type=Payload)
        except (ValueError, msgspec.DecodeError) as error:
            log.error("An AfterAsync event cannot be read any more.", action="script_event_lost", reason=str(error))
            self._done.append(event.id)
            return
        if event.attempts > MOST_ATTEMPTS:
            log.error("An AfterAsync event was taken up too often.", action="script_event_lost", method=event.method)
            self._done.append(event.id)
            return
        self._held[event.id] = event
        self._waiting.append((event, payload))

    async def _renew_always(self) -> None:
        while True:
            await self._clock.sleep(RENEW_EVERY)
            until = self._clock.now() + LEASE_MS
            if self._held:
                await self._bravely(partial(self._agenda.renew, list(self._held), lease_until=until))

    async def _bravely(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Unavailable as trouble:
            log.warning("The store cannot keep AfterAsync events now.", action="agenda_waits", reason=trouble.detail)
            self._news.set()
            await self._clock.sleep(LOOK_EVERY)
        except Exception:  # of one round: the next ones must come
            log.exception("An AfterAsync event could not be kept.", action="agenda_bug")
