"""Messages that belong together, and suppressed addresses, over dicts."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.core.delivery import Delivery
from heliograph.core.message import Message, Text
from heliograph.core.suppression import Suppression
from heliograph.store.memory.tables import Tables


class MemoryThreads:
    """Port `Threads`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def follow_ups(self, message_ids: Sequence[int], *, limit: int) -> list[Message]:
        """In order of id."""
        wanted = set(message_ids) - {0}
        found = [m for m, text in self._texts() if text.parent_id in wanted]
        return sorted(found, key=lambda message: message.id)[:limit]

    async def session(self, company_id: int, key: str, *, limit: int) -> list[Message]:
        """Newest first."""
        found = [m for m, text in self._texts() if key and text.session_key == key and m.company_id == company_id]
        return sorted(found, key=lambda message: -message.id)[:limit]

    async def sent_to(self, channel: str, address: str, *, company_id: int, since: int, limit: int) -> list[Delivery]:
        """Newest first."""
        t = self._tables.open()
        found = [
            delivery
            for delivery in t.deliveries.values()
            if (delivery.channel, delivery.address, delivery.company_id) == (channel, address, company_id)
            and delivery.associate_id is None
            and t.messages[delivery.message_id].created_at >= since
        ]
        return sorted(found, key=lambda delivery: -delivery.id)[:limit]

    def _texts(self) -> list[tuple[Message, Text]]:
        messages = self._tables.open().messages.values()
        return [(message, message.content) for message in messages if isinstance(message.content, Text)]


class MemorySuppressions:
    """Port `Suppressions`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def suppressions(self, channel: str | None, *, before: int | None, limit: int) -> list[Suppression]:
        """The newest first."""
        t = self._tables.open()
        found = [
            Suppression(channel=key[0], address=key[1], reason=reason, created_at=t.suppressed_at.get(key, 0))
            for key, reason in t.suppressions.items()
            if channel in (None, key[0]) and (before is None or t.suppressed_at.get(key, 0) < before)
        ]
        return sorted(found, key=lambda one: (-one.created_at, one.channel, one.address))[:limit]

    async def lift(self, channel: str, address: str) -> bool:
        """Whether it was on the list."""
        return self._tables.open().suppressions.pop((channel, address), None) is not None
