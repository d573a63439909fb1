"""The clock of the tests is itself tested: order, exact times, nothing left over."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


async def test_sleepers_wake_in_the_order_of_their_times_each_at_its_own_time(clock: JumpingClock) -> None:
    start, seen = clock.now(), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((seconds, clock.now() - start))

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (3, 1, 2)]
    await clock.jump(2.5)
    assert seen == [(1, 1000), (2, 2000)]
    assert clock.now() - start == 2500
    await clock.jump(10)
    assert seen[-1] == (3, 3000)
    await asyncio.gather(*tasks)


async def test_a_sleeper_that_sleeps_again_wakes_again_within_one_jump(clock: JumpingClock) -> None:
    ticks = []

    async def ticking() -> None:
        while True:
            await clock.sleep(1)
            ticks.append(clock.monotonic())

    task = asyncio.create_task(ticking())
    await clock.jump(4)
    assert ticks == [1, 2, 3, 4]
    task.cancel()


async def test_a_cancelled_sleeper_is_no_longer_counted(clock: JumpingClock) -> None:
    task = asyncio.create_task(clock.sleep(5))
    await clock.settle()
    assert clock.sleepers == 1
    task.cancel()
    await clock.jump(6)
    assert clock.sleepers == 0


async def test_the_clock_never_goes_back(clock: JumpingClock) -> None:
    with pytest.raises(ValueError, match="forward"):
        await clock.jump(-1)
