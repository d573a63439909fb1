"""What befell a delivery is written down, whatever happens to its lease on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from heliograph.core.delivery import Attempt, Moved, Record
from heliograph.core.lifecycle import Happening, State
from heliograph.core.outcome import Deferred
from heliograph.core.retry import Decision
from heliograph.dispatch.ledger import Dealt, Ledger
from heliograph.dispatch.trip import Trip
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import JumpingClock
from heliograph.testing.flaky import Flaky
from heliograph.testing.scripted import ScriptedChannel, never

pytestmark = pytest.mark.anyio


async def test_a_result_that_is_offered_under_a_lease_renewed_meanwhile_is_offered_again_under_the_new_one(
    clock: JumpingClock,
) -> None:
    store = MemoryStore(clock)
    await store.outbox.accept(an_acceptance())
    [claimed] = await store.outbox.claim([1], now=clock.now(), lease_until=clock.now() + 1_000)
    trip = Trip.of(claimed, clock.now() + 1_000, clock.now())
    trip.decision = Decision(Happening.ACCEPTED, "taken")
    trip.attempt = Attempt(delivery_id=1, number=1, started_at=clock.now(), took_ms=5, outcome="accepted", detail="")
    dealt: list[Dealt] = []

    class Overtaken(Flaky):
        """The lease lapses and is renewed while the first record is on its way."""

        async def record(self, records: Sequence[Record]) -> list[Moved]:
            if trip.lease == claimed.delivery.lease:
                await store.outbox.sweep(now=clock.now() + 2_000, limit=10)
                until = clock.now() + 60_000
                [again] = await store.outbox.claim([1], now=clock.now(), lease_until=until)
                trip.renew(again, until)
            return await store.outbox.record(records)

    ledger = Ledger(Overtaken(store.outbox), clock, dealt.extend)
    ledger.put(trip)
    await clock.settle()

    [delivery] = await store.outbox.deliveries([1])
    assert delivery.state is State.SENT, "forgotten, it would be sent once more when the new lease has lapsed"
    assert [moved.state for _, moved in dealt if moved is not None] == [State.SENT]
    assert len(await store.outbox.attempts([1])) == 1


async def test_a_channel_that_answers_when_it_is_broken_off_keeps_no_stop_waiting_for_a_store_that_is_away(
    start, clock: JumpingClock
) -> None:
    async def stubborn(letter: object) -> Deferred:
        try:
            return await never(letter)
        except asyncio.CancelledError:
            return Deferred("broken off")

    gateway = await start(channels={"stub": ScriptedChannel(stubborn)})
    await gateway.accept(an_acceptance())
    gateway.flaky.fail("record")

    stopping = asyncio.ensure_future(gateway.dispatcher.stop(0))
    await clock.jump(1)

    assert stopping.done()
    await stopping


async def test_a_result_that_is_on_its_way_at_the_end_of_a_stop_is_in_the_history_once(
    start, clock: JumpingClock
) -> None:
    gateway = await start(channels={"stub": ScriptedChannel()})
    gateway.flaky.hold("record")
    await gateway.accept(an_acceptance())

    stopping = asyncio.ensure_future(gateway.dispatcher.stop(0))
    await clock.jump(1)
    gateway.flaky.heal()
    await stopping

    assert (await gateway.delivery()).state is State.SENT
    assert len(await gateway.attempts()) == 1
