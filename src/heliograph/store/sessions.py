"""Operators' sign-ins to the console on SQLite."""

from __future__ import annotations

import apsw
from msgspec.structs import replace

from heliograph.core.operators import Session
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer


class SqliteSessions:
    """Port `Sessions`. Nothing of it is remembered in memory, so that what is ended ends at once."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def open_session(self, session: Session) -> Session:
        """The session with its id."""
        text = rows.text(session)
        id: int = await self._writer.run(
            lambda connection: connection.execute(SQL["open_operator_session"], (text,)).get
        )
        return replace(session, id=id)

    async def session(self, hash: bytes) -> Session | None:
        """One session, by the hash of its text."""
        return self._reader.one(rows.operator_session, "operator_session", rows.binary(hash))

    async def saw_session(self, session_id: int, *, at: int) -> None:
        """It was used then."""
        await self._count("saw_operator_session", session_id, at)

    async def close_session(self, session_id: int) -> bool:
        """False when there is none."""
        return bool(await self._count("close_operator_session", session_id))

    async def sessions(self) -> list[Session]:
        """In order of id."""
        return await self._reader.many(rows.operator_sessions, "operator_sessions")

    async def put_link(self, hash: bytes, *, ends_at: int) -> None:
        """Keep a one-time link."""
        await self._count("put_operator_link", rows.binary(hash), ends_at)

    async def take_link(self, hash: bytes, *, now: int) -> bool:
        """Use it up, in one transaction; whoever guesses troubles the writer with nothing."""
        if not self._reader.value("operator_link", rows.binary(hash), now):
            return False
        return bool(await self._count("take_operator_link", rows.binary(hash), now))

    async def prune_sessions(self, *, now: int, idle_since: int) -> int:
        """Forget what has ended; without any nothing is written."""
        if not self._reader.value("ended_operator_session", now, idle_since):
            return 0
        await self._count("prune_operator_links", now)
        return await self._count("prune_operator_sessions", now, idle_since)

    async def _count(self, name: str, *arguments: str | int) -> int:
        """Run one statement; how many rows it changed."""

        def work(connection: apsw.Connection) -> int:
            connection.execute(SQL[name], arguments)
            return connection.changes()

        return await self._writer.run(work)
