"""What has been used of quotas, on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from heliograph.core.usage import Used
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer


class SqliteUsage:
    """Port `Usage`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def used(self, wanted: Sequence[Used]) -> list[int]:
        """The units of each."""
        found = dict(self._reader.one(rows.used, "used", rows.text(list(wanted))) or [])
        return [found.get(place, 0) for place in range(len(wanted))]

    async def usage(self, company_id: int, *, now: int) -> list[Used]:
        """All windows that have not ended."""
        return await self._reader.many(rows.usage, "usage", company_id, now)

    async def prune_usage(self, *, before: int, limit: int) -> int:
        """Forget windows that have ended; how many."""
        if self._reader.value("usage_ended", before) is None:
            return 0

        def work(connection: apsw.Connection) -> int:
            connection.execute(SQL["prune_usage"], (before, limit))
            return connection.changes()

        return await self._writer.run(work)
