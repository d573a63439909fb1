"""The parts of a lane by themselves, where a story would not reach."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.core.delivery import Claimed
from heliograph.core.lifecycle import Happening
from heliograph.core.retry import RetryPolicy
from heliograph.dispatch.checks import Checks
from heliograph.dispatch.trip import Trip
from heliograph.dispatch.watch import Watch
from heliograph.testing.builders import a_delivery, a_message
from heliograph.testing.clock import SATURDAY_NOON, JumpingClock
from heliograph.testing.gateway import SmallGateway

pytestmark = pytest.mark.anyio


async def watched(watch: Watch, ends: list[str], *, cancelled_as_well: bool = False) -> None:
    task = asyncio.current_task()
    assert task is not None
    watch.enter(task)
    if cancelled_as_well:
        task.cancel()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        if not watch.ended(task):
            ends.append("cancelled")
            raise
        ends.append("overdue")
    finally:
        watch.leave(task)


async def test_a_watch_ends_each_task_at_its_own_limit(clock: JumpingClock) -> None:
    watch, ends = Watch(clock, 10), []
    keeping = asyncio.create_task(watch.run())
    first = asyncio.create_task(watched(watch, ends))
    await clock.jump(4)
    second = asyncio.create_task(watched(watch, ends))
    await clock.jump(6)
    assert (first.done(), second.done()) == (True, False)
    await clock.jump(4)
    assert second.done()
    assert ends == ["overdue", "overdue"]
    keeping.cancel()


async def test_a_task_that_is_cancelled_and_overdue_in_the_same_turn_is_cancelled(clock: JumpingClock) -> None:
    watch, ends = Watch(clock, 0), []
    keeping = asyncio.create_task(watch.run())
    await clock.settle()
    task = asyncio.create_task(watched(watch, ends, cancelled_as_well=True))
    await clock.settle()
    assert task.cancelled()
    assert ends == ["cancelled"]
    keeping.cancel()


async def test_a_delivery_that_expired_between_claim_and_try_is_not_tried(clock: JumpingClock) -> None:
    gateway = SmallGateway(clock, {})
    checks = Checks("stub", RetryPolicy(), outbox=gateway.outbox, directory=gateway.directory, sealer=gateway.sealer)
    claimed = Claimed(delivery=a_delivery(expires_at=SATURDAY_NOON), message=a_message())
    late, in_time = Trip.of(claimed, 0, SATURDAY_NOON), Trip.of(claimed, 0, SATURDAY_NOON - 1)
    await checks.look_at([late, in_time])
    assert late.decision is not None
    assert late.decision.happening is Happening.EXPIRED
    assert in_time.decision is None
