"""AfterAsync events on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from heliograph.core.scripting import DueEvent
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer


class SqliteAgenda:
    """Port `Agenda`. New events usually come in with the outbox's own batch; see `Acceptance.events`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def claim(self, *, now: int, lease_until: int, limit: int) -> list[DueEvent]:
        """Lease what nobody holds; without anything to lease nothing is written."""
        if not await self._reader.many(rows.ids, "events_free", now, 1):
            return []

        def work(connection: apsw.Connection) -> str:
            free = connection.execute(SQL["events_free"], (now, limit)).get
            connection.execute(SQL["lease_events"], (free, lease_until))
            found: str = connection.execute(SQL["events"], (free,)).get
            return found

        return rows.events(await self._writer.run(work))

    async def renew(self, ids: Sequence[int], *, lease_until: int) -> None:
        """Those that are still there."""
        wanted = rows.array(ids)
        await self._writer.run(lambda connection: _execute(connection, "renew_events", wanted, lease_until))

    async def settle(self, *, done: Sequence[int], kept: Sequence[DueEvent]) -> None:
        """One transaction for all."""
        forgotten, there = rows.array(done), rows.text(list(kept))

        def work(connection: apsw.Connection) -> None:
            _execute(connection, "keep_events", there)
            _execute(connection, "forget_events", forgotten)

        await self._writer.run(work)

    async def release(self) -> int:
        """End every lease; how many there were."""
        return await self._writer.run(lambda connection: _execute(connection, "release_events"))


def _execute(connection: apsw.Connection, name: str, *arguments: str | int) -> int:
    """Run it; how many rows it changed."""
    connection.execute(SQL[name], arguments)
    return connection.changes()
