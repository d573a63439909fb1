"""Writes down what befell deliveries, many in one commit, and never forgets it while the process lives.

The store may be unable to take records for a while. The outcome of a try must
survive that: forgotten, it would mean sending again. So a record is offered
until the lease is nearly over; then it is kept by delivery, and when this
process claims that delivery anew, the kept outcome is recorded under the new
lease in place of another try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from heliograph.core.delivery import Moved, Record
from heliograph.core.errors import Unavailable
from heliograph.core.lifecycle import State
from heliograph.core.ports import Clock, Outbox
from heliograph.core.retry import Decision
from heliograph.dispatch.trip import DETAIL_LIMIT, Trip

FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0  # seconds between offers to a store that cannot take them
MARGIN_MS = 1000  # an offer is no use in the last second of a lease

Dealt = tuple[Trip, Moved | None]  # a trip, and what the store did; None when it did nothing
Done = Callable[[Sequence[Dealt]], None]

log = structlog.get_logger(__name__)


class Ledger:
    """Records the trips of one lane. While one lot is being committed the next one gathers."""

    def __init__(self, outbox: Outbox, clock: Clock, done: Done) -> None:
        """`done` is told of the trips whose records are dealt with."""
        self._outbox = outbox
        self._clock = clock
        self._done = done
        self._waiting: list[Trip] = []  # decided, and not offered yet
        self._writing: asyncio.Task[None] | None = None
        self._pause: asyncio.Future[None] | None = None  # before the next offer to a store that takes nothing
        self._closed = False
        self._kept: dict[int, Trip] = {}  # by delivery: tried, decided, and not taken by the store

    @property
    def kept(self) -> int:
        """How many outcomes wait for the store to come back, beyond their lease."""
        return len(self._kept)

    def recall(self, trip: Trip) -> Decision | None:
        """What an earlier try of this delivery came to, if the store never took it."""
        earlier = self._kept.pop(trip.delivery.id, None)
        if earlier is None:
            return None
        trip.attempt, trip.provider_id = earlier.attempt, earlier.provider_id
        return earlier.decision

    def put(self, trip: Trip) -> None:
        """Have the trip's decision recorded."""
        self._waiting.append(trip)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def written(self) -> None:
        """Everything that was put has been dealt with."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    def close(self) -> None:
        """Wait no longer for a store that takes nothing; what it is being offered it may still take."""
        self._closed = True
        if self._pause is not None:
            self._pause.cancel()

    # ------------------------------------------------------------------------------------ inside

    async def _write(self) -> None:
        wait = FIRST_WAIT
        while self._waiting:
            trips, self._waiting = self._waiting, []
            try:
                await self._offer(trips)
                wait = FIRST_WAIT
            except Unavailable as trouble:
                if wait == FIRST_WAIT:
                    log.warning(
                        "The store does not take results; offering them again.",
                        action="record_delayed",
                        count=len(trips),
                        reason=trouble.detail,
                    )
                self._waiting = self._in_time(trips) + self._waiting
                if not await self._may_offer_again(min(wait, self._least_left())):
                    return
                wait = min(wait * 2, LONGEST_WAIT)

    async def _may_offer_again(self, seconds: float) -> bool:
        """After that time, unless this is closed by then."""
        if not self._closed:
            self._pause = asyncio.ensure_future(self._clock.sleep(seconds))
            await asyncio.wait([self._pause])
        return not self._closed

    async def _offer(self, trips: list[Trip]) -> None:
        try:
            now = self._clock.now()
            records = [record_of(trip, now) for trip in trips]
            answers = await self._outbox.record(records)
        except Unavailable:
            raise
        except Exception:  # one of them is not as the store wants it; the others shall not suffer
            if len(trips) > 1:
                while trips:
                    await self._offer(trips[:1])
                    del trips[:1]
                return
            log.exception("A result could not be recorded.", action="record_bug", delivery_id=trips[0].delivery.id)
            self._done([(trips[0], None)])
            return
        self._done(
            [
                (trip, moved)
                for trip, record, moved in zip(trips, records, answers, strict=True)
                if moved.moved or not self._goes_on(trip, record, moved)
            ]
        )

    def _goes_on(self, trip: Trip, record: Record, refused: Moved) -> bool:
        """What to do with a record that moved nothing; whether it is offered again."""
        trip.attempt = None  # it is in the history already
        if trip.lease != record.lease:  # it was renewed while the record was on its way
            self._waiting.append(trip)
            return True
        if refused.state is State.QUEUED:  # the lease lapsed first: it will be claimed again
            self._keep(trip)
        return False

    def _in_time(self, trips: list[Trip]) -> list[Trip]:
        """Those whose lease goes on for a while; the others are kept for their next lease."""
        late = [trip for trip in trips if self._left(trip) <= 0]
        for trip in late:
            self._keep(trip)
            self._done([(trip, None)])
        return [trip for trip in trips if self._left(trip) > 0] if late else trips

    def _left(self, trip: Trip) -> float:
        """Seconds in which it may still be offered."""
        return (trip.lease_until - MARGIN_MS - self._clock.now()) / 1000

    def _least_left(self) -> float:
        return max(min((self._left(trip) for trip in self._waiting), default=0.0), 0.0)

    def _keep(self, trip: Trip) -> None:
        now = self._clock.now()
        for id in [id for id, other in self._kept.items() if other.delivery.expires_at <= now]:
            del self._kept[id]  # nobody will claim these again
        self._kept[trip.delivery.id] = trip
        log.warning(
            "A result waits for the next lease of its delivery.", action="record_kept", delivery_id=trip.delivery.id
        )


def record_of(trip: Trip, now: int) -> Record:
    """The record that a trip's decision calls for."""
    decision = trip.decision
    if decision is None:
        raise RuntimeError("only a decided trip is recorded")
    return Record(
        delivery_id=trip.delivery.id,
        happening=decision.happening,
        at=now,
        lease=trip.lease,
        due_at=decision.due_at,
        detail=decision.detail[:DETAIL_LIMIT],
        provider_id=trip.provider_id,
        refund=decision.refund,
        attempt=trip.attempt,
    )
