"""Answers to calls that must act once, on SQLite."""

from __future__ import annotations

import apsw

from heliograph.core.replay import Replay
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer


class SqliteReplays:
    """Port `Replays`. New ones come in with the outbox's own batch; see `Acceptance.replay`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def find(self, company_id: int, caller: str, key: str, *, now: int) -> Replay | None:
        """What is kept, unless it has expired."""
        return self._reader.one(rows.replay, "replay", company_id, caller, key, now)

    async def revise(self, replay: Replay) -> None:
        """Another answer for the same key."""
        await self._count("revise_replay", rows.text(replay))

    async def prune_replays(self, *, now: int, limit: int) -> int:
        """Remove what has expired; without any nothing is written."""
        if not self._reader.value("expired_replay", now):
            return 0
        return await self._count("prune_replays", now, limit)

    async def _count(self, name: str, *arguments: str | int) -> int:
        """Run one statement; how many rows it changed."""

        def work(connection: apsw.Connection) -> int:
            connection.execute(SQL[name], arguments)
            return connection.changes()

        return await self._writer.run(work)
