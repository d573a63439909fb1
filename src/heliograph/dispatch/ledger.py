"""Writes down what befell a delivery, and never forgets it while the process lives.

The store may be unable to take a record for a while. The outcome of a try must
survive that: forgotten, it would mean sending again. So a record is offered
until the lease is nearly over; then it is kept by delivery, and when this
process claims that delivery anew, the kept outcome is recorded under the new
lease in place of another try.
"""

from __future__ import annotations

import structlog

from heliograph.core.delivery import Moved, Record
from heliograph.core.errors import Unavailable
from heliograph.core.lifecycle import State
from heliograph.core.ports import Clock, Outbox
from heliograph.core.retry import Decision
from heliograph.dispatch.trip import DETAIL_LIMIT, Trip

FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0  # seconds between offers to a store that cannot take them
MARGIN_MS = 1000  # an offer is no use in the last second of a lease

log = structlog.get_logger(__name__)


class Ledger:
    """Records trips of one lane."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
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

    async def write(self, trip: Trip, decision: Decision) -> Moved | None:
        """Record the decision; None when the store did not take it in time (it is kept then)."""
        wait = FIRST_WAIT
        while True:
            try:
                [moved] = await self._outbox.record([record_of(trip, decision, self._clock.now())])
            except Unavailable as trouble:
                left = (trip.lease_until - MARGIN_MS - self._clock.now()) / 1000
                if left <= 0:
                    self._keep(trip)
                    return None
                if wait == FIRST_WAIT:
                    log.warning(
                        "The store does not take a result; offering it again.",
                        action="record_delayed",
                        delivery_id=trip.delivery.id,
                        reason=trouble.detail,
                    )
                await self._clock.sleep(min(wait, left))
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                trip.recorded = True
                if not moved.moved and moved.state is State.QUEUED:  # the lease lapsed first: it will be claimed again
                    self._keep(trip)
                return moved

    def _keep(self, trip: Trip) -> None:
        now = self._clock.now()
        for id in [id for id, other in self._kept.items() if other.delivery.expires_at <= now]:
            del self._kept[id]  # nobody will claim these again
        self._kept[trip.delivery.id] = trip
        log.warning(
            "A result waits for the next lease of its delivery.", action="record_kept", delivery_id=trip.delivery.id
        )


def record_of(trip: Trip, decision: Decision, now: int) -> Record:
    """The record that a decision calls for."""
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
