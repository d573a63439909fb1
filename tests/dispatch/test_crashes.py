"""Processes die and stores fail; no message is lost by it, and none is sent again without need."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from heliograph.config.settings import RetentionSettings
from heliograph.core.lifecycle import State
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused
from heliograph.core.ports import Traits
from heliograph.core.retry import RetryPolicy
from heliograph.testing.builders import an_acceptance, an_item
from heliograph.testing.clock import SATURDAY_NOON, JumpingClock
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import Gate, ScriptedChannel, never

pytestmark = pytest.mark.anyio

LEASE_MS = 90_000


async def crash(store, clock: JumpingClock) -> None:
    """A process claimed the delivery and died before it could write anything down."""
    await store.outbox.claim([1], now=clock.now(), lease_until=clock.now() + LEASE_MS)
    await clock.jump(LEASE_MS / 1000)
    await store.outbox.sweep(now=clock.now(), limit=10)


async def accepted(clock: JumpingClock, channel: ScriptedChannel, **changes: object) -> SmallGateway:
    gateway = SmallGateway(clock, {"stub": channel})
    await gateway.accept(an_acceptance(**changes))
    return gateway


async def test_a_delivery_under_the_lease_of_a_dead_process_is_sent_once_the_lease_has_lapsed(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    dead = await accepted(clock, channel)
    await dead.store.outbox.claim([1], now=clock.now(), lease_until=clock.now() + LEASE_MS)
    gateway = await start(store=dead.store)
    gateway.sweeper.start()
    await clock.jump(89)
    assert channel.letters == []
    await clock.jump(7)
    assert [letter.attempt for letter in channel.letters] == [2]
    assert (await gateway.delivery()).state is State.SENT
    await gateway.sweeper.stop()


async def test_a_message_that_takes_the_process_down_each_time_ends_as_a_dead_letter(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.traits = Traits(retry=RetryPolicy(attempts=3))
    dead = await accepted(clock, channel)
    for _ in range(3):
        await crash(dead.store, clock)
    gateway = await start(store=dead.store)
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.detail) == (State.FAILED, "gave up after 3 attempts, the last unfinished")
    assert channel.letters == []


async def test_after_a_crash_nothing_in_doubt_is_sent_again_where_the_far_side_would_not_notice(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.traits = Traits(retry=RetryPolicy(resend_in_doubt=False))
    dead = await accepted(clock, channel)
    await crash(dead.store, clock)
    gateway = await start(store=dead.store)
    assert channel.letters == []
    assert (await gateway.delivery()).detail == "in doubt, not sent again: the last attempt was interrupted"


async def test_an_attempt_that_was_recorded_is_no_doubt_but_a_crash_in_the_next_one_is(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.traits = Traits(retry=RetryPolicy(resend_in_doubt=False))
    channel.answer(Deferred("busy"), Deferred("busy", retry_after=60))
    gateway = await start()
    await gateway.accept(an_acceptance())
    await clock.jump(10)
    assert [letter.attempt for letter in channel.letters] == [1, 2]
    await gateway.dispatcher.stop(0)
    await clock.jump(120)
    await crash(gateway.store, clock)
    again = await start(store=gateway.store)
    assert len(channel.letters) == 2
    assert (await again.delivery()).state is State.FAILED


async def test_an_answer_that_comes_after_the_lease_lapsed_is_kept_for_the_next_lease(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.traits = Traits(concurrency=1)
    gateway = await start()

    async def through_a_lapse(letter: object) -> Accepted:
        await gateway.store.outbox.sweep(now=clock.now() + 3_600_000, limit=10)
        return Accepted(provider_id="p-7")

    channel.answer(through_a_lapse)
    await gateway.accept(an_acceptance())
    await clock.jump(2)
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.provider_id) == (State.SENT, "p-7")
    assert len(channel.letters) == 1


async def test_an_answer_under_a_lease_that_another_process_took_over_moves_nothing(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()

    async def while_another_takes_over(letter: object) -> Refused:
        later = clock.now() + 3_600_000
        await gateway.store.outbox.sweep(now=later, limit=10)
        await gateway.store.outbox.claim([1], now=clock.now(), lease_until=later)
        return Refused("no such number")

    channel.answer(while_another_takes_over)
    await gateway.accept(an_acceptance())
    assert (await gateway.delivery()).state is State.LEASED
    assert [attempt.outcome for attempt in await gateway.attempts()] == ["refused"]


async def test_kept_results_of_expired_deliveries_are_dropped(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    gateway.flaky.fail("record")
    await gateway.accept(an_acceptance(expires_at=clock.now() + 100_000))
    await clock.jump(95)
    await gateway.accept(an_acceptance(first=2))
    assert (await gateway.dispatcher.status()).lanes[0].unrecorded == 1
    await clock.jump(95)
    assert (await gateway.dispatcher.status()).lanes[0].unrecorded == 1


async def test_a_stop_in_the_middle_of_a_try_is_a_doubt_as_well(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.traits = Traits(retry=RetryPolicy(resend_in_doubt=False))
    channel.answer(never)
    gateway = await start()
    await gateway.accept(an_acceptance())
    await gateway.dispatcher.stop(0)
    assert (await gateway.delivery()).state is State.FAILED


async def test_a_result_the_store_cannot_take_is_offered_until_it_can(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    gateway.flaky.fail("record")
    with capture_logs() as logged:
        await gateway.accept(an_acceptance())
        await clock.jump(30)
    assert [line["action"] for line in logged] == ["record_delayed"]
    assert len(gateway.flaky.refused) > 5
    assert (await gateway.delivery()).state is State.LEASED
    gateway.flaky.heal()
    await clock.jump(5)
    assert (await gateway.delivery()).state is State.SENT
    assert len(channel.letters) == 1


async def test_results_that_come_together_are_recorded_together(start, channel: ScriptedChannel) -> None:
    gate = Gate()
    channel.answer(*[gate] * 10)
    gateway = await start()
    await gateway.accept(an_acceptance(10))
    asked = gateway.flaky.asked.count("record")
    gate.open()
    await gateway.clock.settle()
    assert (await gateway.delivery(10)).state is State.SENT
    assert gateway.flaky.asked.count("record") == asked + 1


async def test_a_result_the_store_chokes_on_holds_up_no_other(start, channel: ScriptedChannel) -> None:
    gate = Gate()
    channel.answer(*[gate] * 3)
    gateway = await start()
    gateway.flaky.choke("record", lambda records: any(record.delivery_id == 2 for record in records))
    await gateway.accept(an_acceptance(3))
    with capture_logs() as logged:
        gate.open()
        await gateway.clock.settle()
    assert [(await gateway.delivery(id)).state for id in (1, 2, 3)] == [State.SENT, State.LEASED, State.SENT]
    assert [line["delivery_id"] for line in logged if line["action"] == "record_bug"] == [2]
    assert (await gateway.dispatcher.status()).lanes[0].running == 0


async def test_results_that_come_while_the_store_is_down_wait_with_the_earlier_ones(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    gateway.flaky.fail("record")
    await gateway.accept(an_acceptance())
    await clock.jump(20)
    await gateway.accept(an_acceptance(first=2))
    await clock.jump(10)
    gateway.flaky.heal()
    await clock.jump(5)
    assert [(await gateway.delivery(id)).state for id in (1, 2)] == [State.SENT, State.SENT]
    assert len(channel.letters) == 2


async def test_a_result_outlives_its_lease_and_spares_the_message_a_second_sending(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.answer(Accepted(provider_id="p-7"))
    gateway = await start()
    gateway.flaky.fail("record")
    await gateway.accept(an_acceptance())
    await clock.jump(95)
    [lane] = (await gateway.dispatcher.status()).lanes
    assert (lane.running, lane.unrecorded) == (0, 1)
    gateway.flaky.heal()
    await gateway.sweeper.sweep()
    await clock.jump(2)
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.provider_id) == (State.SENT, "p-7")
    assert len(channel.letters) == 1
    assert [attempt.outcome for attempt in await gateway.attempts()] == ["accepted"]


async def test_a_lease_that_lapsed_while_the_process_slept_is_taken_up_by_the_try_still_under_way(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.traits = Traits(timeout=30)

    async def through_a_lapse(letter: object) -> Accepted:
        await gateway.store.outbox.sweep(now=clock.now() + 3_600_000, limit=10)
        await clock.sleep(10)
        return Accepted()

    gateway = await start()
    channel.answer(through_a_lapse)
    await gateway.accept(an_acceptance())
    await clock.jump(11)
    assert len(channel.letters) == 1
    assert (await gateway.delivery()).state is State.SENT


async def test_a_store_that_gives_no_work_is_told_once_and_waited_for(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    gateway.flaky.fail("claim")
    with capture_logs() as logged:
        await gateway.accept(an_acceptance())
        await clock.jump(60)
    assert [line["action"] for line in logged] == ["lane_waits"]
    gateway.flaky.heal()
    await clock.jump(31)
    assert (await gateway.delivery()).state is State.SENT


async def test_results_the_store_takes_neither_at_the_stop_are_owned_up_to(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    gateway.flaky.fail("record")
    with capture_logs() as logged:
        await gateway.accept(an_acceptance())
        await gateway.dispatcher.stop(0)
    assert [line["action"] for line in logged] == ["record_delayed", "stop_unrecorded"]


async def test_a_result_known_at_the_stop_is_recorded_and_not_thrown_away(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.answer(Refused("no such number"))
    gateway = await start()
    gateway.flaky.fail("record")
    await gateway.accept(an_acceptance())
    gateway.flaky.heal()
    await gateway.dispatcher.stop(0)
    assert (await gateway.delivery()).detail == "no such number"


async def test_the_sweeper_expires_and_removes_and_survives_a_store_that_is_down(clock: JumpingClock) -> None:
    minutes = 1 / 1440  # of a day
    retention = RetentionSettings(messages_days=20 * minutes, inbox_days=30 * minutes)
    gateway = SmallGateway(clock, {"stub": ScriptedChannel()}, retention=retention)
    await gateway.accept(an_acceptance(700, expires_at=SATURDAY_NOON + 600_000))
    [item] = await gateway.inbox_store.put([an_item()])
    gateway.flaky.fail("sweep")
    with capture_logs() as logged:
        gateway.sweeper.start()
        await clock.jump(60)
        gateway.flaky.heal()
        await clock.jump(60)
    assert [line["action"] for line in logged if line["log_level"] != "debug"] == ["sweep_waits", "sweep_resumed"]
    await clock.jump(9 * 60)
    assert (await gateway.delivery(700)).state is State.EXPIRED
    await clock.jump(11 * 60)
    assert await gateway.outbox.message(700) is None
    assert await gateway.inbox_store.items(101, before_id=None, limit=10) == [item]
    await clock.jump(10 * 60)
    assert await gateway.inbox_store.items(101, before_id=None, limit=10) == []
    await gateway.sweeper.stop()
    assert clock.sleepers == 0


async def test_a_sweep_goes_on_bite_by_bite_until_nothing_is_left(clock: JumpingClock) -> None:
    gateway = SmallGateway(clock, {})
    await gateway.accept(an_acceptance(1200, expires_at=SATURDAY_NOON + 1000))
    await clock.jump(1)
    sweeping = asyncio.create_task(gateway.sweeper.sweep())
    await clock.jump(1)
    assert await sweeping == 1200


async def test_a_dead_address_that_cannot_be_noted_for_a_bug_keeps_the_outcome_that_was_heard(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.answer(Gone("no such device"))
    gateway = await start()
    gateway.flaky_directory.choke("suppress", on=lambda *arguments, **named: True)
    await gateway.accept(an_acceptance())
    await clock.jump(60)

    delivery = await gateway.delivery()
    assert (delivery.state, delivery.detail) == (State.FAILED, "no such device")
    assert len(channel.letters) == 1
