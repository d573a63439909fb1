"""A channel with a rate makes so many tries a second and no more, however much is due."""

from __future__ import annotations

import pytest

from heliograph.config.settings import DispatchSettings
from heliograph.core.ports import Traits
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import JumpingClock
from heliograph.testing.scripted import ScriptedChannel

pytestmark = pytest.mark.anyio


async def test_so_many_are_tried_in_each_second_and_no_more(
    start, clock: JumpingClock, channel: ScriptedChannel
) -> None:
    channel.traits = Traits(concurrency=100)
    gateway = await start(dispatch=DispatchSettings(rates={"stub": 10.0}))
    await gateway.accept(an_acceptance(50))
    tried = [len(channel.letters)]

    for _ in range(50):
        await clock.jump(0.1)
        tried.append(len(channel.letters))

    assert tried[0] == 10  # one second's worth at once, after a rest
    assert all(later - earlier <= 11 for earlier, later in zip(tried, tried[10:], strict=False))
    assert tried[-1] == 50
    assert tried[40] >= 49  # and no slower than that


async def test_a_rate_below_one_spaces_tries_by_more_than_a_second(
    start, clock: JumpingClock, channel: ScriptedChannel
) -> None:
    gateway = await start(dispatch=DispatchSettings(rates={"stub": 0.25}))
    await gateway.accept(an_acceptance(3))
    assert len(channel.letters) == 1
    await clock.jump(3.9)
    assert len(channel.letters) == 1
    await clock.jump(0.2)
    assert len(channel.letters) == 2


async def test_another_channel_is_not_slowed(start, clock: JumpingClock, channel: ScriptedChannel) -> None:
    other = ScriptedChannel(traits=Traits(concurrency=100))
    gateway = await start(channels={"stub": channel, "other": other}, dispatch=DispatchSettings(rates={"stub": 1.0}))
    await gateway.accept(an_acceptance(50, channel="other"))
    assert len(other.letters) == 50
