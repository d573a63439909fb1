"""Messages that belong together, and suppressed addresses, on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from heliograph.core.delivery import Delivery
from heliograph.core.message import Message
from heliograph.core.suppression import Suppression
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer

_NEVER = 2**63 - 1  # ms since the epoch: later than anything


class SqliteThreads:
    """Port `Threads`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def follow_ups(self, message_ids: Sequence[int], *, limit: int) -> list[Message]:
        """In order of id."""
        return await self._reader.many(rows.messages, "follow_ups", rows.array(message_ids), limit)

    async def session(self, company_id: int, key: str, *, limit: int) -> list[Message]:
        """Newest first."""
        return await self._reader.many(rows.messages, "session", company_id, key, limit)

    async def sent_to(self, channel: str, address: str, *, company_id: int, since: int, limit: int) -> list[Delivery]:
        """Newest first."""
        return await self._reader.many(rows.deliveries, "sent_to", channel, address, company_id, since, limit)


class SqliteSuppressions:
    """Port `Suppressions`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def suppressions(self, channel: str | None, *, before: int | None, limit: int) -> list[Suppression]:
        """The newest first."""
        return await self._reader.many(
            rows.suppressions, "suppressions", channel, _NEVER if before is None else before, limit
        )

    async def lift(self, channel: str, address: str) -> bool:
        """Whether it was on the list."""

        def work(connection: apsw.Connection) -> bool:
            connection.execute(SQL["lift_one"], (channel, address))
            return connection.changes() > 0

        return await self._writer.run(work)
