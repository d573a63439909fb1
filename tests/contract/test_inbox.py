"""What every inbox store promises: one item per delivery, ids that grow with time, nobody else's items."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from heliograph.core.delivery import InboxItem, ItemState
from heliograph.core.ports import InboxStore
from heliograph.testing.builders import an_item
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


async def put(inbox: InboxStore, *items: InboxItem) -> list[int]:
    return [item.id for item in await inbox.put(items)]


async def test_an_item_reads_as_it_was_put(inbox: InboxStore) -> None:
    item = an_item(
        7, title="Tülle \x00 \u2603", body='"quoted"', url="https://example.com/?a=b", record_id=-4, data={"k": "v"}
    )
    [kept] = await inbox.put([item])
    assert kept == replace(item, id=kept.id)
    assert kept.id > 0
    assert await inbox.items(101, before_id=None, limit=1) == [kept]


async def test_the_same_delivery_never_makes_two_items(inbox: InboxStore) -> None:
    [first] = await inbox.put([an_item(1)])
    await inbox.mark(101, first.id, ItemState.READ)
    again, other, twice = await inbox.put([an_item(1, title="changed"), an_item(2), an_item(2)])
    assert again == replace(first, state=ItemState.READ)
    assert other == twice
    assert len(await inbox.items(101, before_id=None, limit=10)) == 2


async def test_ids_grow_with_time_even_after_the_newest_are_gone(inbox: InboxStore) -> None:
    ids = await put(inbox, an_item(1), an_item(2), an_item(3))
    assert ids == sorted(set(ids))
    await inbox.prune_items(before=NOON + 1, limit=10)
    [next_id] = await put(inbox, an_item(4))
    assert next_id > ids[-1]


async def test_callers_who_put_at_once_each_get_their_own(inbox: InboxStore) -> None:
    puts = await asyncio.gather(*(inbox.put([an_item(n), an_item(n + 1)]) for n in range(1, 100, 2)))
    assert [[item.delivery_id for item in kept] for kept in puts] == [[n, n + 1] for n in range(1, 100, 2)]
    assert await inbox.put([]) == []


async def test_items_are_paged_newest_first_and_streamed_oldest_first(inbox: InboxStore) -> None:
    ids = await put(inbox, *(an_item(n) for n in range(1, 6)))
    newest = await inbox.items(101, before_id=None, limit=2)
    older = await inbox.items(101, before_id=newest[-1].id, limit=2)
    assert [item.id for item in newest + older] == ids[:0:-1]
    assert [item.id for item in await inbox.items_after(101, after_id=ids[1], limit=2)] == ids[2:4]
    assert await inbox.items_after(101, after_id=ids[-1], limit=2) == []


async def test_nobody_sees_or_marks_anothers_items(inbox: InboxStore) -> None:
    [mine] = await put(inbox, an_item(1))
    assert await inbox.items(102, before_id=None, limit=10) == []
    assert await inbox.items_after(102, after_id=0, limit=10) == []
    assert await inbox.mark(102, mine, ItemState.READ) is None
    assert await inbox.unread(102) == 0
    assert await inbox.unread(101) == 1


async def test_marking_changes_the_count_of_the_unread(inbox: InboxStore) -> None:
    first, second = await put(inbox, an_item(1), an_item(2))
    marked = await inbox.mark(101, first, ItemState.READ)
    assert marked is not None
    assert (marked.id, marked.state) == (first, ItemState.READ)
    assert await inbox.unread(101) == 1
    await inbox.mark(101, second, ItemState.ANSWERED)
    assert await inbox.unread(101) == 0
    assert await inbox.mark(101, 404, ItemState.READ) is None


async def test_items_about_records_are_marked_together(inbox: InboxStore) -> None:
    ids = await put(inbox, *(an_item(n, record_id=n // 2) for n in range(1, 6)), an_item(9, associate_id=102))
    marked = await inbox.mark_records(101, [1, 2], ItemState.READ)
    assert [(item.id, item.state) for item in marked] == [(id, ItemState.READ) for id in ids[1:5]]
    assert await inbox.unread(101) == 1
    assert await inbox.mark_records(101, [77], ItemState.READ) == []


async def test_old_items_age_out_in_bites(inbox: InboxStore) -> None:
    await put(inbox, *(an_item(n, time=NOON + n) for n in range(5)))
    assert [await inbox.prune_items(before=NOON + 3, limit=2) for _ in range(3)] == [2, 1, 0]
    assert [item.time for item in await inbox.items(101, before_id=None, limit=10)] == [NOON + 4, NOON + 3]
