"""Each channel has a lane of its own: as wide as it says, as fast as its provider bears, in nobody's way."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.config.settings import DispatchSettings
from heliograph.core.delivery import Letter
from heliograph.core.events import ChannelPaused, ChannelResumed, ProviderAway
from heliograph.core.lifecycle import State
from heliograph.core.outcome import Accepted, Deferred, Outcome
from heliograph.core.ports import Traits
from heliograph.core.retry import RetryPolicy
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import JumpingClock
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import Gate, ScriptedChannel, never

pytestmark = pytest.mark.anyio


async def states(gateway, ids: range) -> list[State]:
    return [(await gateway.delivery(id)).state for id in ids]


async def test_a_slow_channel_does_not_delay_another(start, channel: ScriptedChannel) -> None:
    slow = ScriptedChannel(*[never] * 50, traits=Traits(concurrency=2))
    gateway = await start(channels={"slow": slow, "stub": channel})
    await gateway.accept(an_acceptance(10, channel="slow"))
    await gateway.accept(an_acceptance(10, first=11))
    assert await states(gateway, range(11, 21)) == [State.SENT] * 10
    assert len(slow.letters) == 2


async def test_no_more_is_claimed_than_there_are_free_places(start, channel: ScriptedChannel) -> None:
    channel.traits = Traits(concurrency=3)
    gate = Gate()
    channel.answer(*[gate] * 10)
    gateway = await start()
    await gateway.accept(an_acceptance(10))
    assert (await states(gateway, range(1, 11))).count(State.LEASED) == 3
    gate.open()
    await gateway.clock.jump(1)
    assert await states(gateway, range(1, 11)) == [State.SENT] * 10


async def test_no_more_is_claimed_at_once_than_the_settings_say(start, channel: ScriptedChannel) -> None:
    gateway = await start(dispatch=DispatchSettings(batch=4))
    gateway.flaky.hold("claim")
    await gateway.accept(an_acceptance(10))
    assert (await states(gateway, range(1, 11))).count(State.LEASED) == 4
    gateway.flaky.heal()
    await gateway.clock.jump(1)
    assert await states(gateway, range(1, 11)) == [State.SENT] * 10


async def test_a_lane_asked_to_slow_down_waits_as_told_then_probes_with_one_and_goes_on(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    channel.answer(Deferred("too many requests", retry_after=30, lane=True))
    await gateway.accept(an_acceptance(1))
    await gateway.accept(an_acceptance(5, first=2))
    assert len(channel.letters) == 1
    assert (await gateway.dispatcher.status()).lanes[0].slowed
    gate = Gate()
    channel.answer(gate)
    await clock.jump(30)
    assert len(channel.letters) == 2  # the probe alone, while it has not answered
    gate.open()
    await clock.jump(1)
    assert await states(gateway, range(2, 7)) == [State.SENT] * 5
    assert not (await gateway.dispatcher.status()).lanes[0].slowed


async def test_a_lane_told_to_slow_down_without_a_time_doubles_its_wait(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.answer(*[Deferred("too many requests", lane=True)] * 4)
    gateway = await start()
    await gateway.accept(an_acceptance(1))
    await gateway.accept(an_acceptance(20, first=2))
    at = []
    for _ in range(400):
        before = len(channel.letters)
        await clock.jump(0.1)
        at += [round(clock.monotonic())] * (len(channel.letters) - before)
    assert at[:3] == [1, 3, 7]


async def test_many_that_were_under_way_together_slow_the_lane_down_once(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gate = Gate(Deferred("too many requests", lane=True))
    channel.answer(*[gate] * 16)
    gateway = await start()
    await gateway.accept(an_acceptance(16))
    await clock.jump(0.5)
    gate.open()
    await clock.settle()
    assert (await gateway.dispatcher.status()).lanes[0].next_claim_in == pytest.approx(1.0)


async def test_a_channel_whose_set_up_is_wrong_pauses_charges_nothing_and_says_why(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.answer(Deferred("401", pause="the password was refused"))
    gateway = await start()
    await gateway.accept(an_acceptance(1))
    await gateway.accept(an_acceptance(3, first=2))
    [lane] = (await gateway.dispatcher.status()).lanes
    assert (lane.paused, lane.next_claim_in) == ("the password was refused", 5.0)
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.attempts) == (State.QUEUED, 0)
    assert delivery.detail == "the password was refused"
    await clock.jump(4.9)
    assert len(channel.letters) == 1
    await clock.jump(5)
    assert await states(gateway, range(1, 5)) == [State.SENT] * 4
    assert gateway.witness.all(ChannelPaused) == [ChannelPaused("stub", "the password was refused", 5.0)]
    assert gateway.witness.all(ChannelResumed) == [ChannelResumed("stub")]
    [lane] = (await gateway.dispatcher.status()).lanes
    assert lane.paused == ""


async def test_a_pause_grows_while_the_probes_fail(start, channel: ScriptedChannel, clock: JumpingClock) -> None:
    channel.answer(*[Deferred("401", pause="the password was refused")] * 3)
    gateway = await start()
    await gateway.accept(an_acceptance(1))
    await gateway.accept(an_acceptance(5, first=2))
    await clock.jump(60)
    assert [event.seconds for event in gateway.witness.all(ChannelPaused)] == [5.0, 10.0, 20.0]
    assert await states(gateway, range(1, 7)) == [State.SENT] * 6


async def test_tries_under_way_finish_within_the_time_given_to_stop(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    async def five_seconds(letter: object) -> Accepted:
        await clock.sleep(5)
        return Accepted()

    channel.answer(five_seconds)
    gateway = await start()
    await gateway.accept(an_acceptance())
    await stop(gateway, clock, within=10)
    assert (await gateway.delivery()).state is State.SENT
    assert clock.monotonic() < 7
    assert clock.sleepers == 0


async def stop(gateway, clock: JumpingClock, *, within: float) -> None:
    stopping = asyncio.create_task(gateway.dispatcher.stop(within))
    while not stopping.done():
        await clock.jump(1)
    await stopping


async def test_tries_that_do_not_finish_are_let_go_at_once_and_the_next_start_sends_them(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.answer(never)
    gateway = await start()
    await gateway.accept(an_acceptance())
    await stop(gateway, clock, within=10)
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.attempts) == (State.QUEUED, 1)
    assert [attempt.detail for attempt in await gateway.attempts()] == ["interrupted: the gateway stopped"]
    again = await start(store=gateway.store)
    assert (await again.delivery()).state is State.SENT


async def test_after_a_stop_nothing_is_claimed(start, channel: ScriptedChannel, clock: JumpingClock) -> None:
    gateway = await start()
    await gateway.dispatcher.stop(10)
    await gateway.accept(an_acceptance())
    await clock.jump(60)
    assert (await gateway.delivery()).state is State.QUEUED
    assert channel.letters == []
    assert clock.sleepers == 0


async def test_with_dispatch_switched_off_messages_are_kept_and_not_tried(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start(dispatch=DispatchSettings(enabled=False))
    await gateway.accept(an_acceptance())
    await clock.jump(60)
    assert channel.letters == []
    assert not (await gateway.dispatcher.status()).running


async def test_a_delivery_put_into_the_store_by_another_process_is_found_by_looking(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    await clock.jump(0.3)
    await gateway.store.outbox.accept(an_acceptance())  # nobody tells the queue
    await clock.jump(1.1)
    assert (await gateway.delivery()).state is State.SENT


async def test_what_is_claimed_while_the_lane_is_told_to_stop_is_let_go_untried(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    gateway.flaky.hold("claim")
    await gateway.accept(an_acceptance())
    stopping = asyncio.create_task(gateway.dispatcher.stop(10))
    await clock.settle()
    gateway.flaky.heal()
    await stopping
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.attempts) == (State.QUEUED, 0)
    assert channel.letters == []


async def test_hints_of_work_that_cannot_be_claimed_do_not_make_a_lane_spin(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    class OldHints:
        """Port `Queue` that swears delivery 9 is due."""

        asked = 0

        async def due(self, channel: str, *, now: int, limit: int) -> list[int]:
            self.asked += 1
            return [9]

        async def wait(self, channel: str, *, until: float) -> None:
            return None

    hints = OldHints()
    gateway = SmallGateway(clock, {"stub": channel}, queue=hints)
    await gateway.dispatcher.start()
    await clock.jump(1)
    assert hints.asked < 30
    await gateway.dispatcher.stop(0)


async def test_stopping_twice_is_stopping_once(start, channel: ScriptedChannel) -> None:
    gateway = await start()
    await gateway.dispatcher.stop(1)
    await gateway.dispatcher.stop(1)
    assert not (await gateway.dispatcher.status()).running


async def test_an_answer_from_before_the_slow_down_does_not_end_it(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    earlier = Gate()
    channel.answer(earlier, Deferred("too many requests", retry_after=30, lane=True))
    gateway = await start()
    await gateway.accept(an_acceptance(1))
    await clock.jump(1)
    await gateway.accept(an_acceptance(1, first=2))
    earlier.open()
    await clock.settle()
    [lane] = (await gateway.dispatcher.status()).lanes
    assert (lane.slowed, lane.next_claim_in) == (True, 30.0)


class Outage:
    """An answer that depends on whether the provider is there."""

    over = False

    async def __call__(self, letter: Letter) -> Outcome:
        return Accepted() if self.over else Deferred("could not connect: refused", unreachable=True)


async def test_an_outage_of_ten_minutes_costs_no_attempt_and_what_waited_goes_when_it_is_over(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    outage = Outage()
    channel.answer(*[outage] * 600)
    gateway = await start()
    await gateway.accept(an_acceptance(500, expires_at=2**52))
    for _ in range(600):
        await clock.jump(1)
    lane = (await gateway.dispatcher.status()).lanes[0]
    assert (lane.away, lane.paused, lane.slowed) == ("could not connect: refused", "", False)
    assert len(channel.letters) < 16 + 5 + 600 / 30 + 2, "those under way when it began, and the looks since"

    outage.over = True
    for _ in range(40):
        await clock.jump(1)

    assert await states(gateway, range(1, 501)) == [State.SENT] * 500
    assert {(await gateway.delivery(id)).attempts for id in range(1, 501)} == {1}
    assert not (await gateway.dispatcher.status()).lanes[0].away


async def test_an_absence_is_told_once_and_so_is_its_end(start, channel: ScriptedChannel, clock: JumpingClock) -> None:
    channel.answer(*[Deferred("could not connect: refused", unreachable=True)] * 20)
    gateway = await start()
    await gateway.accept(an_acceptance(3, expires_at=2**52))
    for _ in range(300):
        await clock.jump(2)

    told = [event for event in gateway.witness.events if isinstance(event, ProviderAway | ChannelResumed)]
    assert told == [ProviderAway("stub", "could not connect: refused"), ChannelResumed("stub")]


async def test_silence_is_no_sign_that_a_provider_is_back(start, channel: ScriptedChannel, clock: JumpingClock) -> None:
    away = Deferred("could not connect: refused", unreachable=True)
    channel.answer(*[away] * 16, Deferred("no answer in time", in_doubt=True), away)
    gateway = await start()
    await gateway.accept(an_acceptance(16, expires_at=2**52))
    await gateway.accept(an_acceptance(40, first=17, expires_at=2**52))

    await clock.jump(1.5)

    assert (await gateway.dispatcher.status()).lanes[0].away
    assert len(channel.letters) <= 18, "one at a time, until one is answered"


async def test_a_provider_that_is_back_with_another_trouble_has_that_one_and_its_waits(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    away = Deferred("could not connect: refused", unreachable=True)
    channel.answer(*[away] * 5, Deferred("not sent", pause="the certificate does not hold"))
    gateway = await start()
    await gateway.accept(an_acceptance(1, expires_at=2**52))
    for _ in range(60):
        await clock.jump(1)
        lane = (await gateway.dispatcher.status()).lanes[0]
        if lane.paused:
            break

    assert (lane.paused, lane.away) == ("the certificate does not hold", "")
    assert gateway.witness.all(ChannelPaused) == [ChannelPaused("stub", "the certificate does not hold", 5.0)]


class Hole:
    """Takes every request and answers none, until it is over."""

    over = False

    def __init__(self, clock: JumpingClock) -> None:
        self._clock = clock

    async def __call__(self, letter: Letter) -> Outcome:
        if self.over:
            return Accepted()
        await self._clock.sleep(15)
        return Deferred("no answer in time", in_doubt=True)


async def test_a_provider_that_answers_nothing_spends_few_messages_where_none_is_sent_twice(
    start, clock: JumpingClock
) -> None:
    channel = ScriptedChannel(traits=Traits(concurrency=16, retry=RetryPolicy(resend_in_doubt=False)))
    gateway = await start(channels={"stub": channel})
    hole = Hole(clock)
    channel.answer(*[hole] * 400)
    await gateway.accept(an_acceptance(500, expires_at=2**52))
    for _ in range(600):
        await clock.jump(1)
    lane = (await gateway.dispatcher.status()).lanes[0]
    assert lane.away == "no answer in time"
    spent = (await states(gateway, range(1, 501))).count(State.FAILED)
    assert spent < 2 * 16 + 600 / 25, "those under way when it fell silent, and one for each look since"

    hole.over = True
    for _ in range(120):
        await clock.jump(1)

    assert (await states(gateway, range(1, 501))).count(State.SENT) >= 500 - spent - 1
    assert not (await gateway.dispatcher.status()).lanes[0].away


async def test_a_connection_that_breaks_under_many_holds_nobody_up(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    await gateway.accept(an_acceptance(1))
    channel.answer(*[Deferred("the connection broke", in_doubt=True)] * 16)
    await gateway.accept(an_acceptance(40, first=2))

    lane = (await gateway.dispatcher.status()).lanes[0]

    assert (lane.away, lane.slowed) == ("", False)
    assert len(channel.letters) == 41
