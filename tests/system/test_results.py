"""Whoever waits for a first attempt learns of it, within the time given."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.core.lifecycle import State
from heliograph.system.results import InProcessResults
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def results(clock: JumpingClock) -> InProcessResults:
    return InProcessResults(clock)


async def test_results_that_came_before_anyone_waited_are_given_at_once(results: InProcessResults) -> None:
    results.expect([1, 2])
    results.attempted(1, State.SENT, "taken", "p1")
    results.attempted(2, State.FAILED, "no", "")
    assert await results.first_attempts([1, 2], within=0) == {
        1: (State.SENT, "taken", "p1"),
        2: (State.FAILED, "no", ""),
    }


async def test_the_waiter_wakes_with_the_last_result_and_not_before(
    results: InProcessResults, clock: JumpingClock
) -> None:
    results.expect([1, 2])
    waiting = asyncio.create_task(results.first_attempts([1, 2], within=10))
    await clock.settle()
    results.attempted(1, State.SENT, "", "")
    await clock.settle()
    assert not waiting.done()
    results.attempted(2, State.SENT, "", "")
    await clock.settle()
    assert set(waiting.result()) == {1, 2}


async def test_only_what_came_in_time_is_given(results: InProcessResults, clock: JumpingClock) -> None:
    results.expect([1, 2])
    waiting = asyncio.create_task(results.first_attempts([1, 2], within=10))
    results.attempted(1, State.SENT, "", "")
    await clock.jump(10)
    assert set(await waiting) == {1}
    results.attempted(2, State.SENT, "", "")
    assert await results.first_attempts([2], within=0) == {}


async def test_the_first_attempt_is_kept_and_not_a_later_one(results: InProcessResults) -> None:
    results.expect([1])
    results.attempted(1, State.QUEUED, "first", "")
    results.attempted(1, State.SENT, "second", "")
    assert await results.first_attempts([1], within=0) == {1: (State.QUEUED, "first", "")}


async def test_what_nobody_expected_is_not_kept(results: InProcessResults) -> None:
    results.attempted(1, State.SENT, "", "")
    assert await results.first_attempts([1], within=0) == {}


async def test_forgotten_ids_are_not_waited_for(results: InProcessResults) -> None:
    results.expect([1])
    results.forget([1])
    assert await results.first_attempts([1], within=10) == {}


async def test_beyond_the_bound_the_oldest_are_forgotten_and_their_waiter_wakes(clock: JumpingClock) -> None:
    results = InProcessResults(clock, remembered=2)
    results.expect([1])
    waiting = asyncio.create_task(results.first_attempts([1], within=10))
    await clock.settle()
    results.expect([2, 3])
    await clock.settle()
    assert waiting.result() == {}
    results.attempted(3, State.SENT, "", "")
    assert set(await results.first_attempts([2, 3], within=0)) == {3}


async def test_a_caller_who_hangs_up_leaves_nothing_behind(results: InProcessResults, clock: JumpingClock) -> None:
    results.expect([1])
    waiting = asyncio.create_task(results.first_attempts([1], within=10))
    await clock.settle()
    waiting.cancel()
    await clock.settle()
    assert clock.sleepers == 0
    results.attempted(1, State.SENT, "", "")
    assert await results.first_attempts([1], within=0) == {}
