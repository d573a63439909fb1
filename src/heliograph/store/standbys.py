"""Second ways for lost deliveries, on SQLite: triggers take them in the transaction of whatever moves a delivery."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from heliograph.core.delivery import Record
from heliograph.core.fallback import LOST, REACHED, Standby
from heliograph.core.lifecycle import Happening
from heliograph.store import rows
from heliograph.store.jobs import Batch
from heliograph.store.queries import SQL, parse, script
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer

WITHDRAWN = "withdrawn: the channel is paused, and there is another way"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_REASON = "CASE NEW.state " + " ".join(f"WHEN '{state}' THEN '{reason}'" for state, reason in LOST.items()) + " END"

#: The triggers by name, with the tables of core written into them.
TRIGGERS = {
    name: text.replace("{reached}", _listed(sorted(REACHED)))
    .replace("{lost}", _listed(list(LOST)))
    .replace("{reason}", _REASON)
    for name, text in parse(script("standing.sql")).items()
}


def put_triggers(connection: apsw.Connection) -> None:
    """Within a transaction: the triggers as this program knows them, whatever was there."""
    for name, text in TRIGGERS.items():
        there = connection.execute(SQL["standing_trigger"], (name,)).get
        if there != text:
            if there is not None:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(text)


def renew_triggers(connection: apsw.Connection) -> None:
    """At the start: triggers that another version of the program put into the file become this one's."""
    there = {name: connection.execute(SQL["standing_trigger"], (name,)).get for name in TRIGGERS}
    if any(text is not None and text != TRIGGERS[name] for name, text in there.items()):
        connection.execute("BEGIN IMMEDIATE")
        try:
            put_triggers(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


class SqliteStandbys:
    """Port `Standbys`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader
        self._prepared = False

    async def prepare(self) -> None:
        """Before the first plan that this process keeps."""
        if not self._prepared:
            await self._writer.run(put_triggers)
            self._prepared = True

    async def take_overdue(self, *, now: int, limit: int) -> int:
        """Give up waiting for receipts that are overdue."""
        if self._reader.value("receipt_overdue", now) is None:
            return 0
        await self.prepare()
        return await self._writer.run(lambda connection: _take_overdue(connection, now, limit))

    async def take_waiting(self, channel: str, *, now: int, limit: int) -> int:
        """Withdraw what is queued on a paused channel and may go another way, which it does."""
        if not await self._reader.many(rows.ids, "waiting_standbys", channel, now, 1):
            return 0
        await self.prepare()
        return await self._writer.run(lambda connection: _take_waiting(connection, channel, now, limit))

    async def forget(self, delivery_ids: Sequence[int]) -> int:
        """No second way for these, nor for what took their place."""
        wanted = rows.array(delivery_ids)
        if self._reader.value("standby_for", wanted) is None:
            return 0

        def work(connection: apsw.Connection) -> int:
            connection.execute(SQL["forget_plans"], (wanted,))
            return connection.changes()

        return await self._writer.run(work)

    async def taken(self, *, after: int, limit: int) -> list[Standby]:
        """In order of number."""
        return self._reader.one(rows.standbys, "standbys_taken", after, limit) or []

    async def last(self) -> int:
        """The newest number."""
        return int(self._reader.value("standby_last"))

    async def standbys(self, message_ids: Sequence[int]) -> list[Standby]:
        """In order of id."""
        return self._reader.one(rows.standbys, "standbys", rows.array(message_ids)) or []


def _take_overdue(connection: apsw.Connection, now: int, limit: int) -> int:
    connection.execute(SQL["take_overdue"], (now, limit))
    taken = connection.changes()
    connection.execute(SQL["forget_due"], (now,))
    return taken


def _take_waiting(connection: apsw.Connection, channel: str, now: int, limit: int) -> int:
    """The plans are ready first, so that the withdrawal of their deliveries finds nothing to forget."""
    found = connection.execute(SQL["waiting_standbys"], (channel, now, limit)).get
    ids = rows.ids(found)
    if not ids:
        return 0
    connection.execute(SQL["take_waiting"], (found, now))
    batch = Batch()
    for id in ids:
        batch.record(id, rows.record(Record(delivery_id=id, happening=Happening.CANCELLED, at=now, detail=WITHDRAWN)))
    batch.apply(connection)
    return len(ids)
