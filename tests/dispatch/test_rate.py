"""A channel with a rate makes so many tries a second and no more, however much is due."""

from __future__ import annotations

import pytest

from heliograph.config.settings import DispatchSettings
from heliograph.core.ports import Shape, Traits
from heliograph.dispatch.rate import Rate, shape_of
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


async def test_a_channels_own_shape_holds_without_any_setting(
    start, clock: JumpingClock, channel: ScriptedChannel
) -> None:
    channel.traits = Traits(concurrency=100, shape=Shape(per_second=10.0))
    gateway = await start()
    await gateway.accept(an_acceptance(30))
    assert len(channel.letters) == 10
    for _ in range(10):
        await clock.jump(0.1)
    assert 19 <= len(channel.letters) <= 21


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


# ------------------------------------------------------------------ a provider's own shape

NEAR = 1_795_262_400_000 - 1_795_262_400_000 % 900_000  # ms since the epoch: some quarter of an hour
FAR = NEAR + 7 * 60_000


class Flood:
    """What a lane does that always has more to send: asks, and takes all that it may."""

    def __init__(self, shape: Shape, at: int = FAR) -> None:
        self.clock = JumpingClock(at)
        self.rate = Rate(self.clock, shape)

    async def lasts(self, seconds: int, *, due: int = 1_000_000) -> list[int]:
        """Tries in each of so many seconds; it asks ten times a second, for more places than are due."""
        tried = []
        for _ in range(seconds):
            tried.append(0)
            for _ in range(10):
                count = min(self.rate.allows(1_000_000), due)
                if count:
                    self.rate.took(count)
                tried[-1] += count
                await self.clock.jump(0.1)
        return tried


async def test_a_flood_begins_as_a_trickle_and_comes_to_full_speed_in_a_minute() -> None:
    tried = await Flood(Shape(per_second=10_000, ramp=60)).lasts(70)
    assert tried[0] < 500
    assert tried == sorted(tried)
    assert 4_000 < tried[29] < 6_000
    assert tried[55] < 9_800
    assert all(9_900 <= each <= 10_100 for each in tried[62:])


async def test_the_quota_of_a_minute_is_never_spent_in_less() -> None:
    tried = await Flood(Shape(per_second=10_000, ramp=60)).lasts(200)
    assert max(sum(tried[at : at + 60]) for at in range(140)) <= 600_000 * 1.02


async def test_after_a_rest_it_begins_anew_and_single_messages_are_not_held_up() -> None:
    flood = Flood(Shape(per_second=10_000, ramp=60))
    await flood.lasts(70)
    assert sum(await flood.lasts(60, due=1)) == 600
    tried = await flood.lasts(2)
    assert tried[1] < 2_000


async def test_around_the_quarter_hours_it_goes_slower() -> None:
    shape = Shape(per_second=1_000, near_quarter_hours=0.1)
    for minutes, expected in (
        (-3, 1_000),
        (-1.9, 100),
        (0, 100),
        (1.9, 100),
        (3, 1_000),
        (12, 1_000),
        (13.1, 100),
        (15, 100),
    ):
        flood = Flood(shape, NEAR + int(minutes * 60_000))
        await flood.lasts(1)
        [tried] = await flood.lasts(1)
        assert tried == pytest.approx(expected, abs=20), minutes


def test_an_operators_limit_and_the_providers_hold_both() -> None:
    fcm = Shape(per_second=10_000, ramp=60, near_quarter_hours=0.1)
    assert shape_of(fcm, 0.0) == fcm
    assert shape_of(fcm, 50.0) == Shape(per_second=50, ramp=60, near_quarter_hours=0.1)
    assert shape_of(fcm, 20_000.0) == fcm
    assert shape_of(Shape(), 5.0) == Shape(per_second=5)
