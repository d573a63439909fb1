"""Items reach those who listen, and nobody else; a slow listener never holds up the publisher."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.system.feed import InProcessFeed
from heliograph.testing.builders import an_item
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


async def test_every_listener_of_a_user_gets_the_item_and_no_other_user_does() -> None:
    feed = InProcessFeed()
    phone, laptop, stranger = feed.subscribe(101), feed.subscribe(101), feed.subscribe(102)
    item = an_item(associate_id=101)
    feed.publish(item)
    assert await anext(phone) == item
    assert await anext(laptop) == item
    waiting = asyncio.ensure_future(anext(stranger))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_items_published_between_subscribing_and_reading_are_kept() -> None:
    feed = InProcessFeed()
    listener = feed.subscribe(101)
    feed.publish(an_item(1))
    feed.publish(an_item(2))
    assert [(await anext(listener)), (await anext(listener))] == [an_item(1), an_item(2)]


async def test_a_slow_listener_loses_what_was_kept_and_is_told_once() -> None:
    feed = InProcessFeed(buffer=2)
    listener = feed.subscribe(101)
    for n in range(1, 5):
        feed.publish(an_item(n))
    assert await anext(listener) is None
    assert await anext(listener) == an_item(4)


async def test_a_waiting_reader_wakes_when_an_item_comes(clock: JumpingClock) -> None:
    feed = InProcessFeed()
    waiting = asyncio.ensure_future(anext(feed.subscribe(101)))
    await clock.settle()
    feed.publish(an_item(7))
    assert await waiting == an_item(7)


async def test_closing_ends_a_waiting_reader_and_leaves_no_listener(clock: JumpingClock) -> None:
    feed = InProcessFeed()
    listener = feed.subscribe(101)

    async def read() -> list[object]:
        return [item async for item in listener]

    reading = asyncio.create_task(read())
    await clock.settle()
    listener.close()
    listener.close()
    assert await reading == []
    assert feed.listeners == 0
