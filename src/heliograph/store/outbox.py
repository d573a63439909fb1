"""The outbox on SQLite: the record of everything accepted."""

from __future__ import annotations

from collections.abc import Sequence as Several

import apsw

from heliograph.core.delivery import Acceptance, Attempt, Claimed, Delivery, Moved, Receipt, Record
from heliograph.core.lifecycle import SETTLED, Happening, State
from heliograph.core.message import Message
from heliograph.core.search import Found, Wanted
from heliograph.core.standing import Backlog
from heliograph.core.webhooks import FIRST_NOTICE
from heliograph.store import portions, rows
from heliograph.store.jobs import Accept, Apply, Batch, Claim
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.search import search
from heliograph.store.sequence import LAST_DELIVERY_ID, LAST_MESSAGE_ID, Sequence
from heliograph.store.standbys import SqliteStandbys
from heliograph.store.writer import Writer

NEWEST = 2**63 - 1  # an id above all others
_SETTLED = rows.text(sorted(SETTLED))
#: The states that the index `delivery_aside` leaves out: nearly every message passes through them.
_USUAL = frozenset({State.QUEUED, State.LEASED, State.SENT, State.DELIVERED})
_ERASED = 5_000  # configurations erased in one sweep
_FORGET = (
    *("forget_attempts", "forget_parts", "forget_receipts", "forget_answers", "forget_standbys"),
    *("forget_deliveries", "forget_messages"),
)
_FEW = 32  # messages whose deliveries are read at once, without a thread


class SqliteOutbox:
    """Port `Outbox`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader
        self.standbys = SqliteStandbys(writer, reader)
        self._message_ids = Sequence(writer, "message", LAST_MESSAGE_ID)
        self._delivery_ids = Sequence(writer, "delivery", LAST_DELIVERY_ID)

    async def reserve(self, messages: int, deliveries: int) -> tuple[int, int]:
        """The first of that many consecutive ids each. Raises Unavailable when message ids are used up."""
        return await self._message_ids.take(messages), await self._delivery_ids.take(deliveries)

    async def accept(self, acceptance: Acceptance) -> None:
        """Keep everything in one transaction. Raises Conflict for an id or a key that is taken."""
        messages = [rows.text(message) for message in acceptance.messages]
        deliveries = [rows.text(delivery) for delivery in acceptance.deliveries]
        records = [(record.delivery_id, rows.record(record)) for record in acceptance.records]
        events = [rows.text(event) for event in acceptance.events]
        replays = [] if acceptance.replay is None else [rows.text(acceptance.replay)]
        later = [rows.text(portion) for portion in portions.folded(acceptance.later)]
        standbys = [rows.text(standby) for standby in acceptance.standbys]
        usage = [rows.text(used) for used in acceptance.usage]
        receipts = _receipts(acceptance.records)
        if standbys:
            await self.standbys.prepare()
        await self._writer.put(
            Accept(
                self._writer.future(), messages, deliveries, records, events, replays, later, standbys, usage, receipts
            )
        )

    async def expand(self) -> list[Delivery]:
        """Make the oldest portion of what was accepted for later; the deliveries made."""
        if self._reader.one(portions.kept, "portion") is None:
            return []
        return await self._writer.run(_expand)

    async def claim(self, ids: Several[int], *, now: int, lease_until: int) -> list[Claimed]:
        """Lease those that are queued, due and not expired; attempt and token are counted up in the same statement."""
        if not ids:
            return []
        claimed: list[Claimed] = await self._writer.put(Claim(self._writer.future(), ids, now, lease_until))
        return claimed

    async def record(self, records: Several[Record]) -> list[Moved]:
        """Apply each record by the lifecycle table; one answer each."""
        if not records:
            return []
        delivery_ids = [record.delivery_id for record in records]
        texts = [rows.record(record) for record in records]
        moved: list[Moved] = await self._writer.put(
            Apply(self._writer.future(), delivery_ids, texts, _receipts(records))
        )
        return moved

    async def sweep(self, *, now: int, limit: int, orphaned: bool = False) -> int:
        """Put lapsed leases back, then expire what waited too long; how many were moved."""
        leases_until = NEWEST if orphaned else now
        lapsed = await self._reader.many(rows.ids, "lapse", leases_until, limit)
        overdue = await self._reader.many(rows.ids, "overdue", now, limit - len(lapsed))
        if not lapsed and not overdue and self._reader.value("sealed_in_vain", now) is None:
            return 0
        return await self._writer.run(lambda connection: _sweep(connection, now, leases_until, limit))

    async def prune(self, *, before: int, limit: int) -> int:
        """Remove old messages whose deliveries have settled, with deliveries and attempts; how many messages."""
        if not await self._reader.many(rows.ids, "finished", before, 1, _SETTLED):
            return 0
        return await self._writer.run(lambda connection: _prune(connection, before, limit))

    async def message(self, message_id: int) -> Message | None:
        """One message."""
        return self._reader.one(rows.message, "message", message_id)

    async def messages(
        self, *, company_id: int | None, state: State | None, before_id: int | None, limit: int
    ) -> list[Message]:
        """Newest first."""
        page = (FIRST_NOTICE if before_id is None else before_id, company_id, limit)
        if state is None:
            return await self._reader.many(rows.messages, "messages", *page)
        name = "messages_in" if state in _USUAL else "messages_aside"
        return await self._reader.many(rows.messages, name, *page, state)

    async def deliveries(self, message_ids: Several[int]) -> list[Delivery]:
        """All deliveries of those messages; a few are read at once."""
        wanted = rows.array(message_ids)
        if len(message_ids) <= _FEW:
            return self._reader.one(rows.deliveries, "deliveries", wanted) or []
        return await self._reader.many(rows.deliveries, "deliveries", wanted)

    async def attempts(self, delivery_ids: Several[int]) -> list[Attempt]:
        """In order of delivery and number."""
        return await self._reader.many(rows.attempts, "attempts", rows.array(delivery_ids))

    async def receipts(self, delivery_ids: Several[int]) -> list[Receipt]:
        """In order of delivery and time."""
        return await self._reader.many(rows.receipts, "receipts", rows.array(delivery_ids))

    async def known(self, channel: str, provider_ids: Several[str]) -> list[Delivery]:
        """The deliveries a channel's provider knows by one of these ids."""
        return await self._reader.many(rows.deliveries, "known", channel, rows.text(list(provider_ids)))

    async def counts(self) -> dict[tuple[str, State], int]:
        """How many deliveries each channel has in each state; walks the whole table."""
        counted = await self._reader.many(rows.counts, "counts")
        return {(channel, state): many for channel, state, many in counted}

    async def backlog(self, *, company_id: int | None) -> Backlog:
        """What waits, and how much ended badly, from indexes that hold nothing else."""
        if company_id is None:
            return await self._reader.many(rows.backlog, "backlog")
        return await self._reader.many(rows.backlog, "backlog_of", company_id)

    async def search(self, wanted: Wanted, *, before_id: int | None, limit: int) -> Found:
        """Messages that are as wanted, newest first."""
        return await search(self._reader, wanted, before_id, limit)


def _receipts(records: Several[Record]) -> list[str]:
    return [rows.text(receipt) for record in records if (receipt := record.receipt) is not None]


def _expand(connection: apsw.Connection) -> list[Delivery]:
    """The portion goes and its deliveries come in one transaction, so that each is made once."""
    found = connection.execute(SQL["portion"]).get
    if found is None:
        return []
    portion = portions.kept(found)
    deliveries = portions.unfolded(portion.text)
    batch = Batch()
    batch.deliveries = [rows.text(delivery) for delivery in deliveries]
    batch.apply(connection)
    connection.execute(SQL["forget_portion"], (portion.id,))
    return deliveries


def _sweep(connection: apsw.Connection, now: int, leases_until: int, limit: int) -> int:
    """Look again inside the transaction: what the reader saw may have moved since."""
    lapsed = rows.ids(connection.execute(SQL["lapse"], (leases_until, limit)).get)
    overdue = rows.ids(connection.execute(SQL["overdue"], (now, limit - len(lapsed))).get)
    records = [Record(delivery_id=id, happening=Happening.LAPSED, at=now, detail="the lease lapsed") for id in lapsed]
    records += [Record(delivery_id=id, happening=Happening.EXPIRED, at=now, detail="expired") for id in overdue]
    batch = Batch()
    for record in records:
        batch.record(record.delivery_id, rows.record(record))
    batch.apply(connection)
    moved = sum(moved.moved for moved in batch.answers(connection).moved.values())
    connection.execute(SQL["erase_configs"], (now, _ERASED))
    return moved


def _prune(connection: apsw.Connection, before: int, limit: int) -> int:
    finished = connection.execute(SQL["finished"], (before, limit, _SETTLED)).get
    for name in _FORGET:
        connection.execute(SQL[name], (finished,))
    return connection.changes()
