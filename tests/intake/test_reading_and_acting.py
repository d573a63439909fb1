"""The operator looks at messages and sends dead letters again, or withdraws what still waits."""

from __future__ import annotations

import pytest

from heliograph.core.delivery import Acceptance, Attempt, Record
from heliograph.core.errors import NotFound
from heliograph.core.lifecycle import Happening, State
from heliograph.intake.actions import Actions
from heliograph.intake.query import Query
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import DAY_MS, a_delivery, a_message, an_acceptance
from heliograph.testing.clock import SATURDAY_NOON, JumpingClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(clock: JumpingClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def query(store: MemoryStore) -> Query:
    return Query(store.outbox, store.answers, store.threads)


@pytest.fixture
def actions(store: MemoryStore, clock: JumpingClock) -> Actions:
    return Actions(store.outbox, store.queue, clock)


async def tried(store: MemoryStore, id: int, happening: Happening) -> None:
    """Claim the delivery and record what came of it."""
    [claimed] = await store.outbox.claim([id], now=SATURDAY_NOON, lease_until=SATURDAY_NOON + 1000)
    attempt = Attempt(delivery_id=id, number=1, started_at=SATURDAY_NOON, took_ms=5, outcome="refused", detail="no")
    await store.outbox.record(
        [
            Record(
                delivery_id=id,
                happening=happening,
                at=SATURDAY_NOON,
                lease=claimed.delivery.lease,
                detail="no",
                attempt=attempt,
            )
        ]
    )


async def test_a_message_is_shown_with_deliveries_and_attempts_and_to_its_company_alone(
    store: MemoryStore, query: Query
) -> None:
    await store.outbox.accept(an_acceptance(2))
    await tried(store, 1, Happening.REFUSED)
    view = await query.message(1, company_id=1)
    assert [delivery.state for delivery in view.deliveries] == [State.FAILED]
    assert [attempt.detail for attempt in view.attempts] == ["no"]
    for id, company in ((3, None), (1, 2)):
        with pytest.raises(NotFound):
            await query.message(id, company_id=company)


async def test_messages_are_listed_newest_first_and_by_state(store: MemoryStore, query: Query) -> None:
    await store.outbox.accept(an_acceptance(3))
    await tried(store, 2, Happening.REFUSED)
    assert [view.message.id for view in await query.messages()] == [3, 2, 1]
    assert [view.message.id for view in await query.messages(before_id=3, limit=1)] == [2]
    [failed] = await query.messages(state=State.FAILED)
    assert failed.deliveries[0].detail == "no"
    assert await query.messages(company_id=2) == []
    assert await query.counts() == {"stub": {State.FAILED: 1, State.QUEUED: 2}}


async def test_a_retried_dead_letter_is_due_at_once_with_its_attempts_before_it(
    store: MemoryStore, actions: Actions, clock: JumpingClock
) -> None:
    await store.outbox.accept(an_acceptance(1))
    await tried(store, 1, Happening.REFUSED)
    await clock.jump(60)
    [acted] = await actions.retry(1)
    assert (acted.was, acted.now, acted.moved, acted.why_not) == (State.FAILED, State.QUEUED, True, "")
    assert await store.queue.due("stub", now=clock.now(), limit=5) == [1]
    [claimed] = await store.outbox.claim([1], now=clock.now(), lease_until=clock.now() + 1)
    assert claimed.delivery.attempts == 1


async def test_past_its_time_to_live_nothing_is_sent_again(
    store: MemoryStore, actions: Actions, clock: JumpingClock
) -> None:
    await store.outbox.accept(an_acceptance(1))
    await tried(store, 1, Happening.REFUSED)
    await clock.jump(2 * DAY_MS / 1000)
    [acted] = await actions.retry(1)
    assert (acted.now, acted.moved) == (State.FAILED, False)
    assert acted.why_not == "its time to live is over"


async def test_of_several_deliveries_only_the_dead_are_retried_and_the_rest_say_why_not(
    store: MemoryStore, actions: Actions
) -> None:
    deliveries = tuple(a_delivery(id, message_id=1) for id in (1, 2, 3))
    await store.outbox.accept(Acceptance(messages=(a_message(1),), deliveries=deliveries))
    await tried(store, 1, Happening.REFUSED)
    await tried(store, 2, Happening.ACCEPTED)
    acted = await actions.retry(1)
    assert [done.moved for done in acted] == [True, False, False]
    assert [done.why_not for done in acted] == [
        "",
        "the provider has taken it",
        "it is still waiting for its turn",
    ]
    [only] = await actions.retry(1, delivery_id=2)
    assert only.delivery_id == 2
    with pytest.raises(NotFound):
        await actions.retry(1, delivery_id=9)


async def test_what_waits_can_be_cancelled_and_what_runs_cannot(store: MemoryStore, actions: Actions) -> None:
    await store.outbox.accept(an_acceptance(2))
    await store.outbox.claim([2], now=SATURDAY_NOON, lease_until=SATURDAY_NOON + 1000)
    [cancelled] = await actions.cancel(1)
    [running] = await actions.cancel(2)
    assert (cancelled.now, cancelled.moved) == (State.CANCELLED, True)
    assert (running.moved, running.why_not) == (False, "it is being tried right now")
    [again] = await actions.cancel(1)
    assert (again.moved, again.why_not) == (False, "it was cancelled")
    with pytest.raises(NotFound):
        await actions.cancel(77)
