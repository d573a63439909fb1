"""What becomes of tries that a stopping lane had to break off."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from heliograph.core.delivery import Attempt, Record
from heliograph.core.errors import Unavailable
from heliograph.core.lifecycle import Happening
from heliograph.core.retry import Decision, RetryPolicy
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.ledger import record_of
from heliograph.dispatch.trip import Trip

log = structlog.get_logger(__name__)


async def let_go(trips: Sequence[Trip], policy: RetryPolicy, room: Room) -> None:
    """Record what is known and release every other lease at once, so that the next start need not wait for it to lapse."""
    now = room.clock.now()
    records = [_last_word(trip, policy, now) for trip in trips]
    if not records:
        return
    try:
        await room.outbox.record(records)
    except Unavailable as trouble:
        log.error(
            "The store took neither results nor leases at the stop; these deliveries will be tried again.",
            action="stop_unrecorded",
            count=len(records),
            reason=trouble.detail,
        )


def _last_word(trip: Trip, policy: RetryPolicy, now: int) -> Record:
    if trip.decision is not None:
        return record_of(trip, now)
    if trip.began is None:
        trip.decision = Decision(Happening.LAPSED, "not tried: the gateway stopped", refund=True)
        return record_of(trip, now)
    words = "interrupted: the gateway stopped"
    again = policy.resends(trip.message)
    happening = Happening.LAPSED if again else Happening.REFUSED
    trip.decision = Decision(happening, words if again else f"in doubt, not sent again: {words}")
    trip.attempt = Attempt(
        delivery_id=trip.delivery.id,
        number=trip.delivery.attempts,
        started_at=trip.started_at,
        took_ms=max(now - trip.started_at, 0),
        outcome="deferred",
        detail=words,
    )
    return record_of(trip, now)
