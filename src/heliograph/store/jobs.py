"""What the writer is asked to do: each job adds its part to a batch and reads its answer from what the batch did."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import apsw

from heliograph.core.delivery import Claimed, InboxItem, Moved
from heliograph.store import rows
from heliograph.store.queries import SQL

WAVE = 1 << 32  # a record's place is its number in its wave, plus this for each wave before


class Batch:
    """The parts of one `INSERT INTO batch`: JSON texts, and the deliveries whose inbox items are asked for.

    All records are applied by a few statements for all of them together. Where several concern
    one delivery, each applies to what the one before it left: the second is in the second wave.
    """

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.deliveries: list[str] = []
        self._waves: list[list[str]] = []
        self._records_of: dict[int, int] = {}  # by delivery
        self.claims: list[str] = []
        self.items: list[str] = []
        self.events: list[str] = []
        self.replays: list[str] = []
        self.portions: list[str] = []
        self.standbys: list[str] = []
        self.usage: list[str] = []
        self.receipts: list[str] = []
        self.item_deliveries: list[int] = []

    def record(self, delivery_id: int, text: str) -> int:
        """Add a record; its place, by which its answer is found."""
        wave = self._records_of.get(delivery_id, 0)
        self._records_of[delivery_id] = wave + 1
        if wave == len(self._waves):
            self._waves.append([])
        self._waves[wave].append(text)
        return wave * WAVE + len(self._waves[wave])

    def records(self, delivery_ids: Sequence[int], texts: Sequence[str]) -> Sequence[int]:
        """Add records; their places. Nearly always they are the batch's first, and no two are of one delivery."""
        if self._waves or len(set(delivery_ids)) < len(delivery_ids):
            return list(map(self.record, delivery_ids, texts))
        self._records_of = dict.fromkeys(delivery_ids, 1)
        self._waves.append(list(texts))
        return range(1, len(texts) + 1)

    def apply(self, connection: apsw.Connection) -> None:
        """Run the batch: one statement, which is a transaction of its own, and one more for each further wave."""
        if len(self._waves) <= 1:
            self._apply(connection)
            return
        with connection:  # a savepoint, which is a transaction where there is none yet
            self._apply(connection)
            for wave, texts in enumerate(self._waves[1:], start=1):
                connection.execute(SQL["apply_more"], (_texts(texts), wave * WAVE))

    def _apply(self, connection: apsw.Connection) -> None:
        parts = (
            self.messages,
            self.deliveries,
            self._waves[0] if self._waves else [],
            self.claims,
            self.items,
            self.events,
            self.replays,
            self.portions,
            self.standbys,
            self.usage,
            self.receipts,
        )
        connection.execute(SQL["apply"], [_texts(part) for part in parts])

    def answers(self, connection: apsw.Connection) -> rows.Answers:
        """What the batch did. To be asked before anything else is written on this connection."""
        if not (self._waves or self.claims or self.items):
            return rows.NO_ANSWERS
        kept = apsw.carray(array("q", self.item_deliveries)) if self.item_deliveries else None
        return rows.answers(*connection.execute(SQL["answers"], (kept,)).get)


def _texts(values: list[str]) -> Any:
    return apsw.carray(tuple(values)) if values else None


class Job:
    """One caller's wish; `future` gets the answer or the error, on the event loop."""

    asks = True  # whether the answer has to be read back

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self.future = future

    def join(self, batch: Batch) -> None:
        """Add this job's rows to a batch."""
        raise NotImplementedError

    def answer(self, answers: rows.Answers) -> Any:
        """This job's share of what the batch did."""
        return None


class Accept(Job):
    """Keep messages and deliveries, with the AfterAsync events and the replay of their call, and apply what they mean for
    earlier deliveries. Answers None."""

    asks = False

    def __init__(
        self,
        future: asyncio.Future[Any],
        messages: list[str],
        deliveries: list[str],
        records: list[tuple[int, str]],
        events: list[str],
        replays: list[str],
        portions: list[str],
        standbys: list[str],
        usage: list[str],
        receipts: list[str],
    ) -> None:
        super().__init__(future)
        self._receipts = receipts
        self._standbys = standbys
        self._usage = usage
        self._portions = portions
        self._messages = messages
        self._deliveries = deliveries
        self._records = records
        self._events = events
        self._replays = replays

    def join(self, batch: Batch) -> None:
        batch.messages += self._messages
        batch.deliveries += self._deliveries
        for delivery_id, record in self._records:
            batch.record(delivery_id, record)
        batch.events += self._events
        batch.replays += self._replays
        batch.portions += self._portions
        batch.standbys += self._standbys
        batch.usage += self._usage
        batch.receipts += self._receipts


class Apply(Job):
    """Apply records. Answers one Moved each."""

    def __init__(
        self, future: asyncio.Future[Any], delivery_ids: list[int], records: list[str], receipts: list[str]
    ) -> None:
        super().__init__(future)
        self._receipts = receipts
        self._delivery_ids = delivery_ids
        self._records = records
        self._places: Sequence[int] = ()

    def join(self, batch: Batch) -> None:
        self._places = batch.records(self._delivery_ids, self._records)
        batch.receipts += self._receipts

    def answer(self, answers: rows.Answers) -> list[Moved]:
        moved = answers.moved
        return [
            moved.get(place) or Moved(id, None, False)
            for place, id in zip(self._places, self._delivery_ids, strict=True)
        ]


class Claim(Job):
    """Lease deliveries. Answers what was leased."""

    def __init__(self, future: asyncio.Future[Any], ids: Sequence[int], now: int, lease_until: int) -> None:
        super().__init__(future)
        self._wish = {"ids": list(ids), "now": now, "lease_until": lease_until}
        self._call = 0

    def join(self, batch: Batch) -> None:
        self._call = len(batch.claims)
        batch.claims.append(rows.text({"call": self._call, **self._wish}))

    def answer(self, answers: rows.Answers) -> list[Claimed]:
        return answers.claimed.get(self._call, [])


class Keep(Job):
    """Keep inbox items. Answers each as it stands."""

    def __init__(self, future: asyncio.Future[Any], delivery_ids: list[int], items: list[str]) -> None:
        super().__init__(future)
        self._delivery_ids = delivery_ids
        self._items = items

    def join(self, batch: Batch) -> None:
        batch.items += self._items
        batch.item_deliveries += self._delivery_ids

    def answer(self, answers: rows.Answers) -> list[InboxItem]:
        return [answers.items[id] for id in self._delivery_ids]


class Work(Job):
    """Anything else: a function of the connection, in a transaction of its own. Answers what the function returns."""

    def __init__(self, future: asyncio.Future[Any], work: Callable[[apsw.Connection], Any]) -> None:
        super().__init__(future)
        self._work = work

    def run(self, connection: apsw.Connection) -> Any:
        """Do the work and commit; on any error nothing of it is kept."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = self._work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk may have rolled back already
                connection.execute("ROLLBACK")
            raise
        return result
