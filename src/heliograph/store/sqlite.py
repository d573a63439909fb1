"""The store on one SQLite file: opens it, wires its parts, closes it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw

from heliograph.config.settings import StoreSettings
from heliograph.core.ports import Clock
from heliograph.store import rows
from heliograph.store.agenda import SqliteAgenda
from heliograph.store.answers import SqliteAnswers
from heliograph.store.checkpoint import Checkpointer
from heliograph.store.connection import (
    CHECKPOINT_BUSY_MS,
    check_version,
    connect,
    furnish_writer,
    prepare_file,
    translated,
)
from heliograph.store.directory import SqliteDirectory
from heliograph.store.inbox import SqliteInbox
from heliograph.store.keyring import SqliteKeyring
from heliograph.store.migrate import migrate, version
from heliograph.store.notes import SqliteNotes
from heliograph.store.outbox import SqliteOutbox
from heliograph.store.parts import SqliteParts
from heliograph.store.pulse import Pulse
from heliograph.store.queue import TableQueue
from heliograph.store.reader import Reader
from heliograph.store.replays import SqliteReplays
from heliograph.store.roster import SqliteRoster
from heliograph.store.sessions import SqliteSessions
from heliograph.store.standbys import renew_triggers
from heliograph.store.telling import catch_up
from heliograph.store.threads import SqliteSuppressions, SqliteThreads
from heliograph.store.usage import SqliteUsage
from heliograph.store.webhooks import SqliteWebhooks
from heliograph.store.writer import Writer

_SYNCHRONOUS = {0: "off", 1: "normal", 2: "full", 3: "extra"}


class SqliteStore:
    """Everything the gateway keeps: `outbox`, `queue`, `directory`, `inbox`, `answers`, `agenda`, `keyring` and `replays`."""

    def __init__(self, writer: Writer, reader: Reader, checkpointer: Checkpointer, clock: Clock, facts: dict[str, str]):
        self._writer = writer
        self._reader = reader
        self._checkpointer = checkpointer
        self._facts = facts
        self.outbox = SqliteOutbox(writer, reader)
        self.standbys = self.outbox.standbys
        self.usage = SqliteUsage(writer, reader)
        self.directory = SqliteDirectory(writer, reader)
        self.inbox = SqliteInbox(writer, reader)
        self.agenda = SqliteAgenda(writer, reader)
        self.answers = SqliteAnswers(writer, reader)
        self.keyring = SqliteKeyring(writer, reader)
        self.replays = SqliteReplays(writer, reader)
        self.roster = SqliteRoster(writer, reader)
        self.sessions = SqliteSessions(writer, reader)
        self.threads = SqliteThreads(reader)
        self.suppressions = SqliteSuppressions(writer, reader)
        self.parts = SqliteParts(writer, reader)
        self.notes = SqliteNotes(writer, reader)
        self.pulse = Pulse(writer, clock)
        self.webhooks = SqliteWebhooks(writer, reader, clock)
        self.queue = TableQueue(self._due, self._next_due, clock)

    def facts(self) -> dict[str, str]:
        """What an operator should see of the store: version, journal, durability, schema, file."""
        return dict(self._facts)

    async def close(self) -> None:
        """Finish what was put, checkpoint, close the file. What is asked afterwards is answered Unavailable."""
        await asyncio.to_thread(self._checkpointer.close)
        await self._writer.close()
        await asyncio.to_thread(self._reader.close)

    def _due(self, channel: str, now: int, limit: int) -> list[int]:
        return self._reader.one(rows.ids, "due", channel, now, limit) or []

    def _next_due(self, channel: str, now: int) -> int | None:
        at: int | None = self._reader.value("next_due", channel, now)
        return at


async def open_store(path: Path, settings: StoreSettings, clock: Clock) -> SqliteStore:
    """Open or make the database and bring it to the newest schema.

    Raises WrongSchema when a newer program wrote it, OperatorError when this SQLite cannot serve, Unavailable when the
    file cannot be opened or written.
    """
    writing, checkpointing, reader, facts = await asyncio.to_thread(_open, path)
    checkpointer: Checkpointer
    writer = Writer(writing, limit=settings.batch, committed=lambda: checkpointer.committed())
    checkpointer = Checkpointer(checkpointing, pages=settings.checkpoint_pages, want_tail=writer.want_tail)
    return SqliteStore(writer, reader, checkpointer, clock, facts)


def _open(path: Path) -> tuple[apsw.Connection, apsw.Connection, Reader, dict[str, str]]:
    check_version()
    prepare_file(path)
    with translated():
        writing = connect(path)
        try:
            migrate(writing)
            facts = _facts(writing, path)
            furnish_writer(writing)
            catch_up(writing)
            renew_triggers(writing)
            return writing, connect(path, busy_ms=CHECKPOINT_BUSY_MS), Reader(path), facts
        except BaseException:
            writing.close()
            raise


def _facts(connection: apsw.Connection, path: Path) -> dict[str, str]:
    return {
        "path": str(path),
        "sqlite": apsw.sqlite_lib_version(),
        "journal": str(connection.pragma("journal_mode")),
        "synchronous": _SYNCHRONOUS[int(connection.pragma("synchronous"))],
        "secure_delete": "on" if connection.pragma("secure_delete") else "off",
        "schema": str(version(connection)),
    }
