"""A push to thousands is accepted at once and goes out to everyone, once each, whatever stops in between."""

from __future__ import annotations

import msgspec
import pytest

from heliograph.core.delivery import Address
from heliograph.core.lifecycle import State
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Traits
from heliograph.intake.submit import AT_ONCE, Draft, Submission, Way
from heliograph.testing.builders import a_push
from heliograph.testing.clock import JumpingClock
from heliograph.testing.scripted import ScriptedChannel

pytestmark = pytest.mark.anyio

MANY = 2 * AT_ONCE + 300


def a_fan_out(count: int) -> Submission:
    """A push to that many addresses."""
    ways = tuple(Way(channel="stub", address=Address(value=f"device-{n}")) for n in range(count))
    draft = Draft(content=a_push(), ttl_ms=3_600_000, ways=ways)
    return Submission(caller=Caller(company_id=1, associate_id=None, door=Door.REST), drafts=(draft,))


async def test_everyone_of_thousands_gets_it_once(start, clock: JumpingClock) -> None:
    channel = ScriptedChannel(traits=Traits(concurrency=256))
    gateway = await start(channels={"stub": channel})

    [accepted] = await gateway.intake.submit(a_fan_out(MANY))

    assert len(accepted.deliveries) == MANY
    for _ in range(10):
        await clock.jump(1)
    assert sorted(letter.address.value for letter in channel.letters) == sorted(f"device-{n}" for n in range(MANY))
    deliveries = await gateway.outbox.deliveries([accepted.message.id])
    assert [delivery.id for delivery in deliveries] == [delivery.id for delivery in accepted.deliveries]
    assert {delivery.state for delivery in deliveries} == {State.SENT}


async def test_a_fan_out_that_was_interrupted_goes_on_with_the_next_start(
    start, clock: JumpingClock, channel: ScriptedChannel
) -> None:
    gateway = await start()
    await gateway.dispatcher.stop(0)
    [accepted] = await gateway.intake.submit(a_fan_out(MANY))
    assert len(await gateway.outbox.deliveries([accepted.message.id])) == AT_ONCE
    await gateway.outbox.expand()  # and then the process went away

    channel.traits = msgspec.structs.replace(channel.traits, concurrency=256)
    restarted = await start(store=gateway.store)
    for _ in range(10):
        await clock.jump(1)

    assert len(await restarted.outbox.deliveries([accepted.message.id])) == MANY
    assert len({letter.delivery_id for letter in channel.letters}) == len(channel.letters) == MANY


async def test_a_store_that_is_away_delays_a_fan_out_and_does_not_end_it(
    start, clock: JumpingClock, channel: ScriptedChannel
) -> None:
    channel.traits = msgspec.structs.replace(channel.traits, concurrency=256)
    gateway = await start()
    gateway.flaky.fail("expand")
    await gateway.intake.submit(a_fan_out(MANY))
    await clock.jump(3)
    assert len(channel.letters) == AT_ONCE

    gateway.flaky.heal()
    for _ in range(12):
        await clock.jump(1)

    assert len(channel.letters) == MANY
