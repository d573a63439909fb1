"""Operators' sign-ins to the console over dicts."""

from __future__ import annotations

from msgspec.structs import replace

from heliograph.core.operators import Session
from heliograph.store.memory.tables import Tables


class MemorySessions:
    """Port `Sessions`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._next = 1
        self._open: dict[int, Session] = {}
        self._links: dict[bytes, int] = {}

    async def open_session(self, session: Session) -> Session:
        """The session with its id."""
        self._tables.open()
        opened = replace(session, id=self._next)
        self._next += 1
        self._open[opened.id] = opened
        return opened

    async def session(self, hash: bytes) -> Session | None:
        """One session, by the hash of its text."""
        self._tables.open()
        return next((session for session in self._open.values() if session.hash == hash), None)

    async def saw_session(self, session_id: int, *, at: int) -> None:
        """It was used then."""
        self._tables.open()
        if session_id in self._open:
            self._open[session_id] = replace(self._open[session_id], seen_at=at)

    async def close_session(self, session_id: int) -> bool:
        """False when there is none."""
        self._tables.open()
        return self._open.pop(session_id, None) is not None

    async def sessions(self) -> list[Session]:
        """In order of id."""
        self._tables.open()
        return list(self._open.values())

    async def put_link(self, hash: bytes, *, ends_at: int) -> None:
        """Keep a one-time link."""
        self._tables.open()
        self._links[hash] = ends_at

    async def take_link(self, hash: bytes, *, now: int) -> bool:
        """Use it up."""
        self._tables.open()
        if self._links.get(hash, 0) <= now:
            return False
        del self._links[hash]
        return True

    async def prune_sessions(self, *, now: int, idle_since: int) -> int:
        """Forget what has ended."""
        self._tables.open()
        ended = [each.id for each in self._open.values() if each.ends_at <= now or each.seen_at < idle_since]
        for id in ended:
            del self._open[id]
        self._links = {hash: ends_at for hash, ends_at in self._links.items() if ends_at > now}
        return len(ended)
