"""Notes on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from heliograph.core.notes import Note
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer

AFTER_ALL = "\U0010ffff"  # comes after whatever a key goes on with

_notes = msgspec.json.Decoder(list[Note]).decode


class SqliteNotes:
    """Port `Notes`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def put(self, notes: Sequence[Note], *, now: int) -> None:
        """Keep them in one transaction, and forget some whose time is over."""
        nouns = [rows.text(note) for note in notes]
        kinds = {(note.owner, note.kind) for note in notes}

        def work(connection: apsw.Connection) -> None:
            for owner, kind in kinds:
                connection.execute(SQL["forget_old_notes"], (owner, kind, now))
            for noun in nouns:
                connection.execute(SQL["put_note"], (noun,))

        await self._writer.run(work)

    async def find(self, owner: str, kind: str, prefix: str = "", *, limit: int = 1000) -> list[Note]:
        """Those whose key begins so."""
        return await self._reader.many(_notes, "notes", owner, kind, prefix, prefix + AFTER_ALL, limit)

    async def prune_notes(self, *, now: int, limit: int) -> int:
        """Remove what is over; without any nothing is written."""
        if not self._reader.value("overdue_note", now):
            return 0

        def work(connection: apsw.Connection) -> int:
            connection.execute(SQL["prune_notes"], (now, limit))
            return connection.changes()

        return await self._writer.run(work)

    async def forget(self, notes: Sequence[Note]) -> None:
        """Remove them in one transaction."""
        keys = [(note.owner, note.kind, note.key) for note in notes]
        if not keys:
            return

        def work(connection: apsw.Connection) -> None:
            for key in keys:
                connection.execute(SQL["forget_note"], key)

        await self._writer.run(work)
