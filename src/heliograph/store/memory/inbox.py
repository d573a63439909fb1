"""Inboxes over a dict."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from heliograph.core.delivery import InboxItem, ItemState
from heliograph.store.memory.tables import Tables


class MemoryInbox:
    """Port `InboxStore`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def put(self, items: Sequence[InboxItem]) -> list[InboxItem]:
        """Keep them; each as it stands, with its id."""
        t = self._tables.open()
        by_delivery = {item.delivery_id: item for item in t.items.values()}
        for item in items:
            if item.delivery_id not in by_delivery:
                kept = replace(item, id=t.next_item)
                t.next_item += 1
                t.items[kept.id] = by_delivery[kept.delivery_id] = kept
        return [by_delivery[item.delivery_id] for item in items]

    async def items(self, associate_id: int, *, before_id: int | None, limit: int) -> list[InboxItem]:
        """Newest first."""
        return [item for item in reversed(self._of(associate_id)) if before_id is None or item.id < before_id][:limit]

    async def items_after(self, associate_id: int, *, after_id: int, limit: int) -> list[InboxItem]:
        """Oldest first."""
        return [item for item in self._of(associate_id) if item.id > after_id][:limit]

    async def unread(self, associate_id: int) -> int:
        """How many items nobody has read."""
        return sum(item.state is ItemState.UNREAD for item in self._of(associate_id))

    async def item(self, associate_id: int, item_id: int) -> InboxItem | None:
        """One item of this user."""
        item = self._tables.open().items.get(item_id)
        return item if item is not None and item.associate_id == associate_id else None

    async def mark(self, associate_id: int, item_id: int, state: ItemState) -> InboxItem | None:
        """The item as it now is."""
        marked = self._mark([item for item in self._of(associate_id) if item.id == item_id], state)
        return marked[0] if marked else None

    async def mark_records(self, associate_id: int, record_ids: Sequence[int], state: ItemState) -> list[InboxItem]:
        """The items about those records, as they now are, oldest first."""
        return self._mark([item for item in self._of(associate_id) if item.record_id in set(record_ids)], state)

    async def prune_items(self, *, before: int, limit: int) -> int:
        """Remove items from before then; how many."""
        t = self._tables.open()
        old = sorted((item.time, item.id) for item in t.items.values() if item.time < before)[: max(limit, 0)]
        for _, id in old:
            del t.items[id]
        return len(old)

    def _of(self, associate_id: int) -> list[InboxItem]:
        """A user's items; ids grow, so the dict is in their order."""
        return [item for item in self._tables.open().items.values() if item.associate_id == associate_id]

    def _mark(self, items: list[InboxItem], state: ItemState) -> list[InboxItem]:
        marked = [item if item.state is ItemState.ANSWERED else replace(item, state=state) for item in items]
        self._tables.items |= {item.id: item for item in marked}
        return marked
