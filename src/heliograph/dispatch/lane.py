"""One channel's lane: claims as much as it has room for, carries it, and goes no faster than its provider bears."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec
import structlog

from heliograph.config.settings import DispatchSettings
from heliograph.core.delivery import Claimed
from heliograph.core.errors import Unavailable
from heliograph.core.events import DeliverySettled
from heliograph.core.lifecycle import SETTLED
from heliograph.core.ports import Channel, Queue
from heliograph.dispatch.crew import Crew
from heliograph.dispatch.deliver import Courier, Room
from heliograph.dispatch.endpoints import Endpoints
from heliograph.dispatch.ledger import Dealt, Ledger
from heliograph.dispatch.let_go import let_go
from heliograph.dispatch.pace import Pace
from heliograph.dispatch.rate import Rate, shape_of
from heliograph.dispatch.trip import Trip
from heliograph.dispatch.watch import Watch

TROUBLE_FIRST, TROUBLE_CAP = 0.5, 30.0  # seconds between looks while the store or this lane is in trouble
USUAL_MISSES, MISSED = 3, 0.05  # rounds in a row that claimed nothing of what seemed due; seconds before the next one

PARKED = 2  # deliveries that may wait for a place at their endpoint, for each place of the channel

log = structlog.get_logger(__name__)


class LaneStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator wants to know of a channel's lane."""

    channel: str
    running: int  # tries under way
    concurrency: int  # tries it may have under way
    paused: str = ""  # why it is paused; empty when it is not
    away: str = ""  # why its provider cannot be reached; empty when it can
    slowed: bool = False  # whether the provider asked it to slow down
    next_claim_in: float = 0.0  # seconds
    held_endpoints: int = 0  # hosts that are left alone for now, because they fail or asked for it
    unrecorded: int = 0  # outcomes the store has not taken yet, beyond their lease


class Lane:
    """Independent of every other lane: a slow or dead channel holds up nobody else."""

    def __init__(self, name: str, channel: Channel, queue: Queue, room: Room, settings: DispatchSettings) -> None:
        self.name = name
        self._queue = queue
        self._room = room
        self._clock = room.clock
        self._settings = settings
        self._traits = channel.traits
        self._lease_ms = int((settings.lease + channel.traits.timeout) * 1000)
        self._pace = Pace(room.clock)
        self._rate = Rate(room.clock, shape_of(channel.traits.shape, settings.rates.get(name, 0.0)))
        self._watch = Watch(room.clock, channel.traits.timeout)
        self._endpoints = Endpoints(room.clock, channel.traits.concurrency, room.jitter, self._room_made)
        self._courier = Courier(name, channel, room, self._watch, self._pace, self._endpoints)
        self._ledger = Ledger(room.outbox, room.clock, self._recorded)
        self._crew = Crew(name, self._courier.carry, self._ledger.put)
        self._trips: dict[int, Trip] = {}  # under way, by delivery
        self._place: asyncio.Future[None] | None = None  # wakes the loop when a trip ends
        self._idle = False  # whether the loop waits for something and may be cancelled without loss
        self._misses = 0
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to claim."""
        self._tasks = [
            asyncio.create_task(self._run(), name=f"lane {self.name}"),
            asyncio.create_task(self._watch.run(), name=f"watch {self.name}"),
        ]

    def status(self) -> LaneStatus:
        """As of this moment."""
        return LaneStatus(
            channel=self.name,
            running=len(self._trips),
            concurrency=self._traits.concurrency,
            paused=self._pace.reason,
            away=self._pace.away,
            slowed=self._pace.probing and not (self._pace.reason or self._pace.away),
            next_claim_in=max(self._pace.wait(), 0.0),
            held_endpoints=self._endpoints.held,
            unrecorded=self._ledger.kept,
        )

    async def stop(self, within: float) -> None:
        """Claim nothing more; tries under way get that many seconds, then are cancelled and let go at once."""
        self._stopping = True
        if not self._tasks:
            return
        loop, watch = self._tasks
        if self._idle:
            loop.cancel()
        await asyncio.wait([loop])
        await self._finish(within)
        watch.cancel()
        self._endpoints.close()
        await asyncio.wait([watch])
        await let_go(list(self._trips.values()), self._traits.retry, self._room)
        self._trips.clear()

    async def _finish(self, within: float) -> None:
        """Let the tries under way end and be recorded; after that many seconds, break off what is left."""
        alarm = asyncio.ensure_future(self._clock.sleep(within))
        everything = asyncio.ensure_future(self._done())
        await asyncio.wait([alarm, everything], return_when=asyncio.FIRST_COMPLETED)
        alarm.cancel()
        self._crew.cancel()
        self._ledger.close()
        await everything

    async def _done(self) -> None:
        await self._crew.close()
        await self._ledger.written()

    # -------------------------------------------------------------------------------- the loop

    async def _run(self) -> None:
        trouble = 0.0
        while not self._stopping:
            try:
                await self._round()
                trouble = 0.0
            except Unavailable as reason:
                if not trouble:
                    log.warning(
                        "The store does not give work.", action="lane_waits", channel=self.name, reason=reason.detail
                    )
                trouble = min(max(trouble * 2, TROUBLE_FIRST), TROUBLE_CAP)
                await self._waiting(self._clock.sleep(trouble))
            except Exception:
                log.exception("A lane failed; it goes on.", action="lane_bug", channel=self.name)
                trouble = min(max(trouble * 2, TROUBLE_FIRST), TROUBLE_CAP)
                await self._waiting(self._clock.sleep(trouble))

    async def _round(self) -> None:
        hold = self._pace.wait()
        if hold > 0:
            await self._waiting(self._clock.sleep(hold))
            return
        free = self._free()
        if free <= 0:
            await self._waiting(self._a_place())
            return
        free = self._rate.allows(free)
        if free <= 0:
            await self._waiting(self._clock.sleep(self._rate.wait()))
            return
        ids = await self._queue.due(self.name, now=self._clock.now(), limit=min(free, self._settings.batch))
        if not ids:
            await self._waiting(self._queue.wait(self.name, until=self._settings.poll))
            return
        if await self._claim(ids):
            self._misses = 0
            return
        self._misses += 1  # others were quicker, or the hints were old; a few such rounds are usual, more are a spin
        if self._misses > USUAL_MISSES:
            await self._waiting(self._clock.sleep(min(self._settings.poll, MISSED)))

    def _free(self) -> int:
        """How many may be claimed. Parked deliveries take no place from those of other endpoints, within a bound."""
        if self._pace.probing:
            return 1 - len(self._trips)
        width, parked = self._traits.concurrency, self._endpoints.parked
        return min(width - (len(self._trips) - parked), PARKED * width - parked)

    async def _claim(self, ids: list[int]) -> bool:
        now = self._clock.now()
        claimed = await self._room.outbox.claim(ids, now=now, lease_until=now + self._lease_ms)
        self._rate.took(len(claimed))
        now = self._clock.now()
        trips = [trip for one in claimed if (trip := self._begun(one, now)) is not None]
        if self._stopping:  # they are let go untried
            return bool(claimed)
        if self._ledger.kept:
            for trip in trips:
                trip.decision = self._ledger.recall(trip)
        await self._courier.foresee(trips)
        for trip in trips:
            if trip.decision is not None:
                self._ledger.put(trip)
        if not self._stopping:
            self._crew.send([trip for trip in trips if trip.decision is None])
        return bool(claimed)

    def _begun(self, claimed: Claimed, now: int) -> Trip | None:
        """Its trip; None when it is on one already: its lease lapsed while the process stood still."""
        lease_until = claimed.delivery.lease_until or now + self._lease_ms
        running = self._trips.get(claimed.delivery.id)
        if running is not None:
            running.renew(claimed, lease_until)
            return None
        trip = self._trips[claimed.delivery.id] = Trip.of(claimed, lease_until, now)
        return trip

    def _recorded(self, dealt: Sequence[Dealt]) -> None:
        """The ledger has dealt with these: pass on what they became, and make room for others."""
        now, attempted, saw = self._clock.now(), self._room.results.attempted, self._room.observer.saw
        for trip, moved in dealt:
            self._trips.pop(trip.delivery.id, None)
            if moved is None or moved.state is None or trip.decision is None:
                continue
            attempted(moved.delivery_id, moved.state, trip.decision.detail, trip.provider_id)
            if moved.moved and moved.state in SETTLED:
                age = (now - trip.message.created_at) / 1000
                saw(DeliverySettled(moved.delivery_id, self.name, moved.state, age))
        self._room_made()

    def _room_made(self) -> None:
        if self._place is not None and not self._place.done():
            self._place.set_result(None)

    async def _a_place(self) -> None:
        self._place = asyncio.get_running_loop().create_future()
        await self._place

    async def _waiting(self, something: Coroutine[Any, Any, None]) -> None:
        if self._stopping:
            something.close()
            return
        self._idle = True
        try:
            await something
        finally:
            self._idle = False
