"""A user's own inbox: pages, marks, and a stream that misses nothing."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from heliograph.core.delivery import InboxItem, ItemState
from heliograph.core.errors import NotAllowed, NotFound
from heliograph.testing.builders import a_caller, an_item
from heliograph.testing.clock import JumpingClock
from heliograph.testing.gateway import SmallGateway

pytestmark = pytest.mark.anyio

STRANGER = a_caller(associate_id=102)


async def keep(
    gateway: SmallGateway, *delivery_ids: int, associate_id: int = 101, live: bool = True
) -> list[InboxItem]:
    items = await gateway.inbox_store.put([an_item(id, associate_id=associate_id) for id in delivery_ids])
    if live:
        for item in items:
            gateway.feed.publish(item)
    return items


async def test_pages_go_from_the_newest_to_the_oldest_without_a_gap(gateway: SmallGateway) -> None:
    await keep(gateway, *range(1, 8))
    seen, before = [], None
    for _ in range(4):
        page, before = await gateway.inbox.page(a_caller(), before_id=before, limit=3)
        seen += [item.delivery_id for item in page]
        if before is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(("limit", "given"), [(0, 1), (-5, 1), (10_000, 500)])
async def test_a_page_has_at_least_one_item_and_at_most_five_hundred(
    gateway: SmallGateway, limit: int, given: int
) -> None:
    await keep(gateway, *range(1, 601))
    page, _ = await gateway.inbox.page(a_caller(), before_id=None, limit=limit)
    assert len(page) == given


async def test_nobody_sees_or_marks_another_users_items(gateway: SmallGateway) -> None:
    [item] = await keep(gateway, 1)
    assert await gateway.inbox.page(STRANGER, before_id=None, limit=10) == ([], None)
    with pytest.raises(NotFound):
        await gateway.inbox.mark_read(STRANGER, item.id)
    assert await gateway.inbox.unread(a_caller()) == 1
    assert (await gateway.inbox.mark_read(a_caller(), item.id)).state is ItemState.READ
    assert await gateway.inbox.unread(a_caller()) == 0


async def test_a_machine_has_no_inbox(gateway: SmallGateway) -> None:
    with pytest.raises(NotAllowed):
        await gateway.inbox.page(a_caller(associate_id=None), before_id=None, limit=10)


async def test_a_stream_gives_what_comes_from_now_on_to_its_owner_alone(
    gateway: SmallGateway, clock: JumpingClock
) -> None:
    await keep(gateway, 1)
    async with aclosing(gateway.inbox.stream(a_caller(), after_id=None)) as stream:
        first = asyncio.ensure_future(anext(stream))
        await clock.settle()
        await keep(gateway, 2, associate_id=102)
        await keep(gateway, 3)
        assert (await first).delivery_id == 3


async def test_a_stream_resumed_gives_first_what_it_missed_and_nothing_twice(gateway: SmallGateway) -> None:
    items = await keep(gateway, *range(1, 5))
    async with aclosing(gateway.inbox.stream(a_caller(), after_id=items[1].id)) as stream:
        assert (await anext(stream)).delivery_id == 3
        await keep(gateway, 5)  # comes while the missed ones are still being read
        assert [(await anext(stream)).delivery_id for _ in range(2)] == [4, 5]
        await keep(gateway, 6)
        assert (await anext(stream)).delivery_id == 6
        following = asyncio.ensure_future(anext(stream))
        await gateway.clock.settle()
        await keep(gateway, 7)
        assert (await following).delivery_id == 7


async def test_a_reader_too_slow_for_the_feed_still_gets_every_item_once(gateway: SmallGateway) -> None:
    async with aclosing(gateway.inbox.stream(a_caller(), after_id=0)) as stream:
        await keep(gateway, 1)
        assert (await anext(stream)).delivery_id == 1
        await keep(gateway, *range(2, 1002))
        assert [(await anext(stream)).delivery_id for _ in range(1000)] == list(range(2, 1002))


async def test_a_stream_that_is_closed_listens_no_longer(gateway: SmallGateway, clock: JumpingClock) -> None:
    async with aclosing(gateway.inbox.stream(a_caller(), after_id=None)) as stream:
        waiting = asyncio.ensure_future(anext(stream))
        await clock.settle()
        assert gateway.feed.listeners == 1
        waiting.cancel()
        await clock.settle()
    assert gateway.feed.listeners == 0
