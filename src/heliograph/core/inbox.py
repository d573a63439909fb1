"""The ports to every user's inbox: kept, and live to whoever has it open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from heliograph.core.delivery import InboxItem, ItemState


class InboxStore(Protocol):
    """Every user's inbox, kept."""

    async def put(self, items: Sequence[InboxItem]) -> list[InboxItem]:
        """Keep them (`id` is given here); an item whose delivery is already there is answered as it stands."""

    async def items(self, associate_id: int, *, before_id: int | None, limit: int) -> list[InboxItem]:
        """Newest first."""

    async def items_after(self, associate_id: int, *, after_id: int, limit: int) -> list[InboxItem]:
        """Oldest first: what a stream missed."""

    async def unread(self, associate_id: int) -> int: ...

    async def item(self, associate_id: int, item_id: int) -> InboxItem | None:
        """One item; None when this user has no such item."""

    async def mark(self, associate_id: int, item_id: int, state: ItemState) -> InboxItem | None:
        """The item as it now is; None when this user has no such item. What was answered stays answered."""

    async def mark_records(self, associate_id: int, record_ids: Sequence[int], state: ItemState) -> list[InboxItem]:
        """Mark all of the user's items about those records; those that were answered stay so."""

    async def prune_items(self, *, before: int, limit: int) -> int: ...


class Listener(Protocol):
    """One open subscription to one user's items. It listens from the moment it was made until it is closed."""

    def __aiter__(self) -> AsyncIterator[InboxItem | None]:
        """Items as they come; None when some were dropped for a slow reader, who should look in the store."""

    def close(self) -> None:
        """Stop listening; a second time does nothing."""


class Feed(Protocol):
    """Live inbox items from whoever delivers to whoever listens. Never blocks the publisher."""

    def publish(self, item: InboxItem) -> None: ...

    def subscribe(self, associate_id: int) -> Listener:
        """Listen to this user's items; whoever subscribes closes."""
