"""Notes over a dict."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.core.notes import Note
from heliograph.store.memory.tables import Tables


class MemoryNotes:
    """Port `Notes`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._notes: dict[tuple[str, str, str], Note] = {}

    async def put(self, notes: Sequence[Note], *, now: int) -> None:
        """Keep them, and forget those of the same kinds whose time is over."""
        self._tables.open()
        kinds = {(note.owner, note.kind) for note in notes}
        self._notes = {k: n for k, n in self._notes.items() if k[:2] not in kinds or n.until > now}
        self._notes |= {_place(note): note for note in notes}

    async def find(self, owner: str, kind: str, prefix: str = "", *, limit: int = 1000) -> list[Note]:
        """Those whose key begins so."""
        self._tables.open()
        found = [n for k, n in sorted(self._notes.items()) if k[:2] == (owner, kind) and k[2].startswith(prefix)]
        return found[:limit]

    async def prune_notes(self, *, now: int, limit: int) -> int:
        """Remove what is over."""
        self._tables.open()
        over = [key for key, note in self._notes.items() if note.until <= now][: max(limit, 0)]
        for key in over:
            del self._notes[key]
        return len(over)

    async def forget(self, notes: Sequence[Note]) -> None:
        """Remove them."""
        self._tables.open()
        for note in notes:
            self._notes.pop(_place(note), None)


def _place(note: Note) -> tuple[str, str, str]:
    return note.owner, note.kind, note.key
