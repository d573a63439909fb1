"""A user's own inbox: list, mark, listen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from heliograph.core.answer import YesNo
from heliograph.core.delivery import InboxItem, ItemState
from heliograph.core.errors import NotAllowed, NotFound
from heliograph.core.people import Caller
from heliograph.core.ports import Answers, Feed, InboxStore
from heliograph.intake.receipts import Receipts

PAGE_MAX = 500


class InboxService:
    """What the signed-in user may do with the own inbox, and with no other."""

    def __init__(self, store: InboxStore, feed: Feed, receipts: Receipts, answers: Answers) -> None:
        self._answers = answers
        self._store = store
        self._feed = feed
        self._receipts = receipts

    async def page(self, caller: Caller, *, before_id: int | None, limit: int) -> tuple[list[InboxItem], int | None]:
        """Newest first, and the id to ask before for the next page."""
        limit = min(max(limit, 1), PAGE_MAX)
        items = await self._store.items(_owner(caller), before_id=before_id, limit=limit + 1)
        return items[:limit], items[limit - 1].id if len(items) > limit else None

    async def unread(self, caller: Caller) -> int:
        """How many items nobody has read yet."""
        return await self._store.unread(_owner(caller))

    async def item(self, caller: Caller, item_id: int) -> InboxItem:
        """One item. Raises NotFound for one that is not there or not the caller's."""
        return _found(await self._store.item(_owner(caller), item_id))

    async def given(self, items: Iterable[InboxItem]) -> dict[int, YesNo]:
        """What their owner answered, by the ids of the items that were answered."""
        answered = [item for item in items if item.state is ItemState.ANSWERED]
        found = [(item.id, await self._answers.one(item.message_id, item.associate_id)) for item in answered]
        return {id: answer.value for id, answer in found if answer is not None}

    async def mark_read(self, caller: Caller, item_id: int) -> InboxItem:
        """The item as it now is; its delivery has arrived. Raises NotFound for one that is not there or not the caller's."""
        item = _found(await self._store.mark(_owner(caller), item_id, ItemState.READ))
        await self._receipts.read([item])
        return item

    async def stream(self, caller: Caller, *, after_id: int | None) -> AsyncIterator[InboxItem]:
        """Items as they come; with `after_id`, first those that came after it. A slow reader catches up from the store."""
        owner = _owner(caller)
        live = self._feed.subscribe(owner)  # before reading the store, so that nothing falls between
        try:
            last = after_id if after_id is not None else await self._newest(owner)
            async for item in self._missed(owner, last):
                last = item.id
                yield item
            async for news in live:
                if news is None:
                    async for item in self._missed(owner, last):
                        last = item.id
                        yield item
                elif news.id > last:
                    last = news.id
                    yield news
        finally:
            live.close()

    async def _newest(self, owner: int) -> int:
        newest = await self._store.items(owner, before_id=None, limit=1)
        return newest[0].id if newest else 0

    async def _missed(self, owner: int, after_id: int) -> AsyncIterator[InboxItem]:
        while batch := await self._store.items_after(owner, after_id=after_id, limit=PAGE_MAX):
            for item in batch:
                yield item
            after_id = batch[-1].id


def _found(item: InboxItem | None) -> InboxItem:
    if item is None:
        raise NotFound("There is no such item in this inbox.")
    return item


def _owner(caller: Caller) -> int:
    if caller.associate_id is None:
        raise NotAllowed("An inbox belongs to a user: sign in with a user's ticket.")
    return caller.associate_id
