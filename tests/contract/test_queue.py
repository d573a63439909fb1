"""What every queue promises: hints that are never lost for long, and never more than hints."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.core.delivery import Record
from heliograph.core.lifecycle import Happening, State
from heliograph.core.ports import Outbox, Queue
from heliograph.testing.builders import a_delivery, an_acceptance
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


async def test_what_is_published_is_due(outbox: Outbox, queue: Queue) -> None:
    acceptance = an_acceptance(3)
    await outbox.accept(acceptance)
    await queue.publish(acceptance.deliveries)
    assert sorted(await queue.due("stub", now=NOON, limit=10)) == [1, 2, 3]


async def test_what_nobody_published_is_found_oldest_first(outbox: Outbox, queue: Queue) -> None:
    for id, due_at in [(1, NOON + 3), (2, NOON + 1), (3, NOON + 2), (4, NOON + 1)]:
        await outbox.accept(an_acceptance(first=id, due_at=due_at))
    assert await queue.due("stub", now=NOON + 3, limit=10) == [2, 4, 3, 1]


async def test_due_gives_no_more_than_its_limit(outbox: Outbox, queue: Queue) -> None:
    acceptance = an_acceptance(9)
    await outbox.accept(acceptance)
    await queue.publish(acceptance.deliveries)
    assert len(await queue.due("stub", now=NOON, limit=4)) == 4


async def test_a_channel_is_told_of_its_own_work_only(outbox: Outbox, queue: Queue) -> None:
    acceptance = an_acceptance(1)
    await outbox.accept(acceptance)
    await queue.publish(acceptance.deliveries)
    assert await queue.due("inbox", now=NOON, limit=10) == []


async def test_everything_of_a_backlog_comes_up_as_it_is_worked_off(outbox: Outbox, queue: Queue) -> None:
    published, found = an_acceptance(500), an_acceptance(500, first=501)
    await outbox.accept(published)
    await queue.publish(published.deliveries)
    await outbox.accept(found)
    done: list[int] = []
    while ids := await queue.due("stub", now=NOON, limit=64):
        done += [claimed.delivery.id for claimed in await outbox.claim(ids, now=NOON, lease_until=NOON + 60)]
    assert sorted(done) == list(range(1, 1001))


async def test_a_retry_is_found_when_it_becomes_due(outbox: Outbox, queue: Queue) -> None:
    await outbox.accept(an_acceptance())
    await outbox.claim([1], now=NOON, lease_until=NOON + 60)
    await outbox.record([Record(delivery_id=1, happening=Happening.DEFERRED, at=NOON, lease=1, due_at=NOON + 500)])
    assert await queue.due("stub", now=NOON + 499, limit=10) == []
    assert await queue.due("stub", now=NOON + 500, limit=10) == [1]


async def test_what_is_published_for_later_is_not_due_before(outbox: Outbox, queue: Queue) -> None:
    acceptance = an_acceptance(due_at=NOON + 500)
    await outbox.accept(acceptance)
    await queue.publish(acceptance.deliveries)
    assert await queue.due("stub", now=NOON, limit=10) == []
    assert await queue.due("stub", now=NOON + 500, limit=10) == [1]


async def test_a_steady_stream_of_new_work_does_not_hide_the_old(outbox: Outbox, queue: Queue) -> None:
    await outbox.accept(an_acceptance(1, due_at=NOON - 5))
    seen: list[int] = []
    for turn in range(1, 40):
        acceptance = an_acceptance(4, first=turn * 10)
        await outbox.accept(acceptance)
        await queue.publish(acceptance.deliveries)
        now = NOON + turn * 100
        ids = await queue.due("stub", now=now, limit=4)
        await outbox.claim(ids, now=now, lease_until=now + 60_000)
        seen += ids
    assert 1 in seen


@pytest.mark.parametrize("state", [State.HELD, State.FAILED])
async def test_what_is_not_queued_is_never_due(outbox: Outbox, queue: Queue, state: State) -> None:
    acceptance = an_acceptance(state=state)
    await outbox.accept(acceptance)
    await queue.publish(acceptance.deliveries)
    assert await queue.due("stub", now=NOON, limit=10) == []


async def test_what_has_expired_does_not_stand_in_the_way(outbox: Outbox, queue: Queue) -> None:
    await outbox.accept(an_acceptance(20, expires_at=NOON + 1, due_at=NOON - 10))
    await outbox.accept(an_acceptance(1, first=21))
    assert await queue.due("stub", now=NOON + 1, limit=10) == [21]


async def test_waiting_ends_at_once_on_news(outbox: Outbox, queue: Queue, clock: JumpingClock) -> None:
    waiting = asyncio.ensure_future(queue.wait("stub", until=60))
    await clock.settle()
    assert not waiting.done()
    await queue.publish([a_delivery(1)])
    await asyncio.wait_for(waiting, 60)
    assert clock.now() == NOON


async def test_news_that_came_before_the_wait_is_not_missed(queue: Queue) -> None:
    await queue.due("stub", now=NOON, limit=1)
    await queue.publish([a_delivery(1)])
    await asyncio.wait_for(queue.wait("stub", until=3600), 60)


async def test_waiting_ends_when_the_time_is_over(queue: Queue, clock: JumpingClock) -> None:
    waiting = asyncio.ensure_future(queue.wait("stub", until=2))
    await clock.jump(1.9)
    assert not waiting.done()
    await clock.jump(0.1)
    await asyncio.wait_for(waiting, 60)


async def test_waiting_ends_when_a_retry_becomes_due(outbox: Outbox, queue: Queue, clock: JumpingClock) -> None:
    await outbox.accept(an_acceptance(due_at=NOON + 500))
    waiting = asyncio.ensure_future(queue.wait("stub", until=60))
    await clock.jump(0.5)
    await asyncio.wait_for(waiting, 60)
    assert await queue.due("stub", now=clock.now(), limit=1) == [1]


async def test_news_of_another_channel_does_not_end_the_wait(queue: Queue, clock: JumpingClock) -> None:
    waiting = asyncio.ensure_future(queue.wait("inbox", until=60))
    await queue.publish([a_delivery(1)])
    await clock.settle()
    assert not waiting.done()
    waiting.cancel()
