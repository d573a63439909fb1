"""The outbox over dicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from heliograph.core.delivery import Acceptance, Attempt, Claimed, Delivery, Moved, Receipt, Record
from heliograph.core.errors import Conflict
from heliograph.core.lifecycle import MOVES, REPEATABLE, SETTLED, SPENT, Happening, State
from heliograph.core.message import Message
from heliograph.core.search import Found, Wanted
from heliograph.core.standing import BAD_ENDS, Backlog, Waiting
from heliograph.core.webhooks import FIRST_NOTICE
from heliograph.store.memory.parts import MemoryParts
from heliograph.store.memory.replays import keep
from heliograph.store.memory.search import look_through
from heliograph.store.memory.standbys import moved
from heliograph.store.memory.tables import Tables
from heliograph.store.memory.usage import add
from heliograph.store.memory.webhooks import tell_all, tell_move
from heliograph.store.portions import folded
from heliograph.store.sequence import LAST_MESSAGE_ID, used_up


class MemoryOutbox:
    """Port `Outbox`."""

    def __init__(self, tables: Tables, parts: MemoryParts) -> None:
        self._tables = tables
        self._parts = parts

    async def reserve(self, messages: int, deliveries: int) -> tuple[int, int]:
        """The first of that many consecutive ids each. Raises Unavailable when message ids are used up."""
        t = self._tables.open()
        left = LAST_MESSAGE_ID - t.next_message + 1
        if left < messages:
            raise used_up("message", LAST_MESSAGE_ID, left, messages)
        first = t.next_message, t.next_delivery
        t.next_message += messages
        t.next_delivery += deliveries
        return first

    async def accept(self, acceptance: Acceptance) -> None:
        """Keep everything, all or nothing. Raises Conflict for an id or a key that is taken."""
        t = self._tables.open()
        messages = {message.id: message for message in acceptance.messages}
        deliveries = {delivery.id: delivery for delivery in acceptance.deliveries}
        if len(messages) < len(acceptance.messages) or messages.keys() & t.messages.keys():
            raise Conflict("This message id is taken.")
        if len(deliveries) < len(acceptance.deliveries) or deliveries.keys() & t.deliveries.keys():
            raise Conflict("This delivery id is taken.")
        events = {event.id: event for event in acceptance.events}
        if len(events) < len(acceptance.events) or events.keys() & t.events.keys():
            raise Conflict("This event id is taken.")
        if acceptance.replay is not None:
            keep(acceptance.replay, t)
        for record in acceptance.records:
            self._apply(record)
        t.events |= events
        t.messages |= messages
        t.deliveries |= deliveries
        t.portions += folded(acceptance.later)
        t.standbys |= {standby.id: standby for standby in acceptance.standbys}
        for used in acceptance.usage:
            add(t, used)
        tell_all(t, acceptance.messages, acceptance.deliveries)

    async def expand(self) -> list[Delivery]:
        """Make the oldest portion of what was accepted for later; the deliveries made."""
        t = self._tables.open()
        if not t.portions:
            return []
        deliveries = t.portions.pop(0).deliveries()
        t.deliveries |= {delivery.id: delivery for delivery in deliveries}
        tell_all(t, (), deliveries)
        return deliveries

    async def claim(self, ids: Sequence[int], *, now: int, lease_until: int) -> list[Claimed]:
        """Lease those that are queued, due and not expired."""
        t = self._tables.open()
        claimed = []
        for id in sorted(set(ids)):
            delivery = t.deliveries.get(id)
            if delivery is None or delivery.due_at > now or delivery.expires_at <= now:
                continue
            leased = MOVES[delivery.state].get(Happening.CLAIMED)
            if leased is None:
                continue
            t.deliveries[id] = replace(
                delivery,
                state=leased,
                attempts=delivery.attempts + 1,
                lease=delivery.lease + 1,
                lease_until=lease_until,
                updated_at=now,
            )
            claimed.append(Claimed(delivery=t.deliveries[id], message=t.messages[delivery.message_id]))
        return claimed

    async def record(self, records: Sequence[Record]) -> list[Moved]:
        """Apply each record by the lifecycle table; one answer each."""
        self._tables.open()
        return [self._apply(record) for record in records]

    def _apply(self, record: Record) -> Moved:
        t = self._tables
        delivery = t.deliveries.get(record.delivery_id)
        if delivery is None:
            return Moved(record.delivery_id, None, False)
        if record.attempt is not None:
            t.attempts.append(replace(record.attempt, delivery_id=delivery.id))
        if (said := record.receipt) is not None:
            t.receipts.setdefault((said.delivery_id, said.happening, said.detail), said)
        to = MOVES[delivery.state].get(record.happening)
        stale = record.lease is not None and record.lease != delivery.lease
        if to is None or stale or record.happening is Happening.CLAIMED:  # only a claim can lease
            return Moved(delivery.id, delivery.state, False)
        t.deliveries[delivery.id] = _moved(delivery, record, to)
        tell_move(t, delivery, t.deliveries[delivery.id])
        moved(t, delivery, t.deliveries[delivery.id])
        return Moved(delivery.id, to, True)

    async def sweep(self, *, now: int, limit: int, orphaned: bool = False) -> int:
        """Put lapsed leases back, then expire what waited too long; how many were moved."""
        t = self._tables.open()
        lapsed = sorted(
            (d for d in t.deliveries.values() if d.state is State.LEASED and (orphaned or d.lease_until <= now)),
            key=lambda delivery: delivery.lease_until,
        )
        waiting = (State.QUEUED, State.HELD)
        overdue = [d for d in t.deliveries.values() if d.state in waiting and d.expires_at <= now]
        records = [
            Record(delivery_id=d.id, happening=Happening.LAPSED, at=now, detail="the lease lapsed") for d in lapsed
        ]
        records += [Record(delivery_id=d.id, happening=Happening.EXPIRED, at=now, detail="expired") for d in overdue]
        moved = sum(self._apply(record).moved for record in records[: max(limit, 0)])
        for id, d in t.deliveries.items():
            if d.sealed_config and d.state in REPEATABLE and d.expires_at <= now:
                t.deliveries[id] = replace(d, sealed_config=b"")
        return moved

    async def prune(self, *, before: int, limit: int) -> int:
        """Remove old messages whose deliveries have settled, with deliveries and attempts; how many messages."""
        t = self._tables.open()
        old = sorted((m.created_at, m.id) for m in t.messages.values() if m.created_at < before)
        busy = {d.message_id for d in t.deliveries.values() if d.state not in SETTLED}
        busy |= {portion.message_id for portion in t.portions}
        finished = {id for _, id in [key for key in old if key[1] not in busy][: max(limit, 0)]}
        gone = {d.id for d in t.deliveries.values() if d.message_id in finished}
        t.messages = {id: message for id, message in t.messages.items() if id not in finished}
        t.deliveries = {id: delivery for id, delivery in t.deliveries.items() if id not in gone}
        self._parts.forget(gone)
        t.receipts = {key: receipt for key, receipt in t.receipts.items() if receipt.delivery_id not in gone}
        t.standbys = {id: standby for id, standby in t.standbys.items() if standby.message_id not in finished}
        t.attempts = [attempt for attempt in t.attempts if attempt.delivery_id not in gone]
        t.answers = {key: answer for key, answer in t.answers.items() if key[0] not in finished}
        return len(finished)

    async def message(self, message_id: int) -> Message | None:
        """One message."""
        return self._tables.open().messages.get(message_id)

    async def messages(
        self, *, company_id: int | None, state: State | None, before_id: int | None, limit: int
    ) -> list[Message]:
        """Newest first."""
        t = self._tables.open()
        having = {d.message_id for d in t.deliveries.values() if d.state is state}
        found = [
            message
            for message in t.messages.values()
            if (company_id is None or message.company_id == company_id)
            and (state is None or message.id in having)
            and message.id < (FIRST_NOTICE if before_id is None else before_id)
        ]
        return sorted(found, key=lambda message: -message.id)[:limit]

    async def deliveries(self, message_ids: Sequence[int]) -> list[Delivery]:
        """All deliveries of those messages."""
        wanted = set(message_ids)
        return _by_id(d for d in self._tables.open().deliveries.values() if d.message_id in wanted)

    async def attempts(self, delivery_ids: Sequence[int]) -> list[Attempt]:
        """In order of delivery and number."""
        wanted = set(delivery_ids)
        found = [attempt for attempt in self._tables.open().attempts if attempt.delivery_id in wanted]
        return sorted(found, key=lambda attempt: (attempt.delivery_id, attempt.number))

    async def receipts(self, delivery_ids: Sequence[int]) -> list[Receipt]:
        """In order of delivery and time."""
        wanted = set(delivery_ids)
        found = [receipt for receipt in self._tables.open().receipts.values() if receipt.delivery_id in wanted]
        return sorted(found, key=lambda receipt: (receipt.delivery_id, receipt.at))

    async def known(self, channel: str, provider_ids: Sequence[str]) -> list[Delivery]:
        """The deliveries a channel's provider knows by one of these ids."""
        wanted = set(provider_ids) - {""}
        every = self._tables.open().deliveries.values()
        return _by_id(d for d in every if d.channel == channel and d.provider_id in wanted)

    async def counts(self) -> dict[tuple[str, State], int]:
        """How many deliveries each channel has in each state."""
        return dict(Counter((d.channel, d.state) for d in self._tables.open().deliveries.values()))

    async def backlog(self, *, company_id: int | None) -> Backlog:
        """What waits, and how much ended badly."""
        mine = [d for d in self._tables.open().deliveries.values() if company_id in (None, d.company_id)]
        due: dict[tuple[str, State], list[int]] = {}
        for delivery in mine:
            if delivery.state not in SETTLED:
                due.setdefault((delivery.channel, delivery.state), []).append(delivery.due_at)
        waiting = tuple(Waiting(*key, len(times), min(times)) for key, times in sorted(due.items()))
        bad = [d.state for d in mine if d.state in BAD_ENDS and d.message_id < FIRST_NOTICE]
        return Backlog(waiting, dict(Counter(bad)))

    async def search(self, wanted: Wanted, *, before_id: int | None, limit: int) -> Found:
        """Messages that are as wanted, newest first."""
        return look_through(self._tables.open(), wanted, before_id, limit)

    # -------------------------------------------------------------- for the queue

    def look(self, channel: str, now: int, limit: int) -> list[int]:
        """Ids due on a channel, oldest first."""
        due = (d for d in self._queued(channel) if d.due_at <= now < d.expires_at)
        return [
            d.id for d in sorted(due, key=lambda delivery: (delivery.due_at, delivery.expires_at, delivery.id))[:limit]
        ]

    def next_due(self, channel: str, now: int) -> int | None:
        """When the next delivery that is not due yet becomes so."""
        return min((d.due_at for d in self._queued(channel) if d.due_at > now), default=None)

    def _queued(self, channel: str) -> Iterable[Delivery]:
        deliveries = self._tables.open().deliveries.values()
        return (d for d in deliveries if d.channel == channel and d.state is State.QUEUED)


def _moved(delivery: Delivery, record: Record, to: State) -> Delivery:
    again = record.happening is Happening.RETRIED
    due_at = record.at if again and record.due_at is None else record.due_at
    return replace(
        delivery,
        state=to,
        attempts=0 if again else max(delivery.attempts - record.refund, 0),
        due_at=delivery.due_at if due_at is None else due_at,
        expires_at=delivery.expires_at if record.expires_at is None else record.expires_at,
        lease_until=0,
        provider_id=record.provider_id or delivery.provider_id,
        detail=record.detail,
        sealed_config=b"" if to in SPENT else delivery.sealed_config,
        updated_at=record.at,
    )


def _by_id(deliveries: Iterable[Delivery]) -> list[Delivery]:
    return sorted(deliveries, key=lambda delivery: delivery.id)
