"""What event notifications cost the store: accepting, claiming and recording, with and without an endpoint that wants them.

    python bench/events.py

CPU microseconds of the writing statement for each message with one delivery, commits not synced, so that the disk is
left out. `nobody` is a gateway where no company subscribes; `another` is the same where only another company does.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import apsw

from heliograph.config.settings import StoreSettings
from heliograph.core.delivery import Attempt, Record
from heliograph.core.lifecycle import Happening
from heliograph.core.message import Push
from heliograph.core.webhooks import Endpoint
from heliograph.store import rows
from heliograph.store.connection import connect, furnish_writer
from heliograph.store.jobs import Batch
from heliograph.store.sqlite import open_store
from heliograph.system.clock import SystemClock
from heliograph.testing.builders import a_delivery, a_message

ROUNDS, SIZE, TIMES = 30, 256, 3
KINDS: dict[str, tuple[int, tuple[str, ...]] | None] = {
    "nobody": None,
    "another": (2, ()),
    "accepted": (1, ("message.accepted",)),
    "all": (1, ()),
}


async def subscribed(path: Path, wish: tuple[int, tuple[str, ...]] | None) -> None:
    """Make the database, with an endpoint or without."""
    store = await open_store(path, StoreSettings(), SystemClock())
    if wish is not None:
        await store.webhooks.add_endpoint(
            Endpoint(id=0, company_id=wish[0], types=wish[1], url="https://hooks.example.com/")
        )
    await store.close()


def timed(connection: apsw.Connection, batch: Batch) -> float:
    """CPU seconds of one batch."""
    began = time.thread_time()
    batch.apply(connection)
    return time.thread_time() - began


def one_round(connection: apsw.Connection, first: int) -> tuple[float, float, float]:
    """CPU seconds of accepting, claiming and recording a batch of messages."""
    ids = range(first, first + SIZE)
    accept, claim, record = Batch(), Batch(), Batch()
    push = Push(title="Lamp room", body="The lamp is lit, and will be until the morning.")
    accept.messages = [rows.text(a_message(id, content=push)) for id in ids]
    accept.deliveries = [rows.text(a_delivery(id, message_id=id, channel="apns", address="a" * 64)) for id in ids]
    due = a_delivery(first, message_id=first).due_at
    claim.claims = [rows.text({"call": 0, "ids": list(ids), "now": due, "lease_until": due + 60_000})]
    attempt = Attempt(delivery_id=0, number=1, started_at=due, took_ms=4, outcome="accepted")
    for id in ids:
        done = Record(delivery_id=id, happening=Happening.ACCEPTED, at=due, lease=1, attempt=attempt)
        record.record(id, rows.text(done))
    return timed(connection, accept), timed(connection, claim), timed(connection, record)


def measured(path: Path) -> tuple[float, ...]:
    """Microseconds each, the least of several runs of rounds."""
    connection = connect(path)
    furnish_writer(connection)
    connection.pragma("synchronous", "OFF")
    best = (float("inf"),) * 3
    first = 1
    for _ in range(TIMES):
        sums = [0.0, 0.0, 0.0]
        for _ in range(ROUNDS):
            sums = [total + part for total, part in zip(sums, one_round(connection, first), strict=True)]
            first += SIZE
        best = tuple(min(a, b / (ROUNDS * SIZE) * 1e6) for a, b in zip(best, sums, strict=True))
    connection.close()
    return best


def main() -> None:
    """A row for each kind."""
    print("subscribes   accept    claim   record  (us each)")
    for name, wish in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "heliograph.db"
            asyncio.run(subscribed(path, wish))
            print(f"{name:<10} " + " ".join(f"{each:8.2f}" for each in measured(path)))


if __name__ == "__main__":
    main()
