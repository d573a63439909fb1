"""Every user's inbox on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from heliograph.core.delivery import InboxItem, ItemState
from heliograph.store import rows
from heliograph.store.jobs import Keep
from heliograph.store.outbox import NEWEST
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer


class SqliteInbox:
    """Port `InboxStore`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def put(self, items: Sequence[InboxItem]) -> list[InboxItem]:
        """Keep them; each as it stands, with its id."""
        if not items:
            return []
        delivery_ids = [item.delivery_id for item in items]
        texts = [rows.text(item) for item in items]
        kept: list[InboxItem] = await self._writer.put(Keep(self._writer.future(), delivery_ids, texts))
        return kept

    async def items(self, associate_id: int, *, before_id: int | None, limit: int) -> list[InboxItem]:
        """Newest first."""
        before = NEWEST if before_id is None else before_id
        return await self._reader.many(rows.items, "items", associate_id, before, limit)

    async def items_after(self, associate_id: int, *, after_id: int, limit: int) -> list[InboxItem]:
        """Oldest first."""
        return await self._reader.many(rows.items, "items_after", associate_id, after_id, limit)

    async def unread(self, associate_id: int) -> int:
        """How many items nobody has read."""
        return int(self._reader.value("unread", associate_id))

    async def item(self, associate_id: int, item_id: int) -> InboxItem | None:
        """One item of this user."""
        return self._reader.one(rows.item, "item", associate_id, item_id)

    async def mark(self, associate_id: int, item_id: int, state: ItemState) -> InboxItem | None:
        """The item as it now is."""

        def work(connection: apsw.Connection) -> str | None:
            connection.execute(SQL["mark"], (associate_id, item_id, state))
            found: str | None = connection.execute(SQL["item"], (associate_id, item_id)).get
            return found

        found = await self._writer.run(work)
        return None if found is None else rows.item(found)

    async def mark_records(self, associate_id: int, record_ids: Sequence[int], state: ItemState) -> list[InboxItem]:
        """The items about those records, as they now are, oldest first."""
        wanted = rows.array(record_ids)

        def work(connection: apsw.Connection) -> str:
            connection.execute(SQL["mark_records"], (associate_id, wanted, state))
            found: str = connection.execute(SQL["items_about"], (associate_id, wanted)).get
            return found

        return rows.items(await self._writer.run(work))

    async def prune_items(self, *, before: int, limit: int) -> int:
        """Remove items from before then; how many."""

        def work(connection: apsw.Connection) -> int:
            connection.execute(SQL["prune_items"], (before, limit))
            return connection.changes()

        return await self._writer.run(work)
