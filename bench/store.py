"""What the store alone can do: durable accepts a second, the way out, and what hot reads cost.

    python bench/store.py [seconds per figure, default 2]

One message with one delivery and about 600 bytes of content an accept, ids reserved as intake does.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from heliograph.config.settings import StoreSettings
from heliograph.core.delivery import Acceptance, Attempt, Delivery, InboxItem, ItemState, Record
from heliograph.core.lifecycle import Happening
from heliograph.core.message import Message, Push
from heliograph.core.people import Company, User
from heliograph.store.cached import CachedDirectory
from heliograph.store.sqlite import SqliteStore, open_store
from heliograph.system.clock import SystemClock

NOW, LATER = 1_795_262_400_000, 1_895_262_400_000
CONTENT = Push(title="Lamp room", body="The lamp is lit. " * 34, data={"room": "12"})
CLAIM = 256

Step = Callable[[], Awaitable[int]]  # does some work, answers how many messages it was


async def measured(name: str, workers: int, seconds: float, step: Step) -> None:
    """Run the step in that many tasks at once for that long, and print the rate and the waits."""
    waits: list[float] = []
    done = 0
    end = time.perf_counter() + seconds

    async def work() -> None:
        nonlocal done
        while time.perf_counter() < end:
            started = time.perf_counter()
            count = await step()
            done += count  # not in one line: others count while we wait
            waits.append(time.perf_counter() - started)

    loop_cpu, all_cpu, wall = time.thread_time(), time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    wall = time.perf_counter() - wall
    loop_us = (time.thread_time() - loop_cpu) / max(done, 1) * 1e6
    all_us = (time.process_time() - all_cpu) / max(done, 1) * 1e6
    waits.sort()
    p50, p99 = (waits[int(len(waits) * share)] * 1000 for share in (0.5, 0.99))
    print(f"{name:34} {workers:4} {done / wall:10,.0f} {p50:8.2f} {p99:8.2f} {loop_us:9.1f} {all_us:9.1f}", flush=True)


def accepting(store: SqliteStore, channel: str) -> Step:
    """One accept."""

    async def step() -> int:
        message_id, delivery_id = await store.outbox.reserve(1, 1)
        message = Message(id=message_id, company_id=1, sender_id=7, created_at=NOW, expires_at=LATER, content=CONTENT)
        delivery = Delivery(
            id=delivery_id,
            message_id=message_id,
            company_id=1,
            channel=channel,
            address="4f1f" * 8,
            associate_id=7,
            due_at=NOW,
            expires_at=LATER,
            updated_at=NOW,
        )
        await store.outbox.accept(Acceptance(messages=(message,), deliveries=(delivery,)))
        return 1

    return step


def draining(store: SqliteStore, channel: str) -> Step:
    """Claim what is due, put it into an inbox, record it as delivered."""

    async def step() -> int:
        ids = await store.queue.due(channel, now=NOW, limit=CLAIM)
        claimed = await store.outbox.claim(ids, now=NOW, lease_until=LATER)
        await store.inbox.put([_item(one.delivery) for one in claimed])
        await store.outbox.record([_arrived(one.delivery) for one in claimed])
        if not claimed:
            await asyncio.sleep(0.001)
        return len(claimed)

    return step


def _item(delivery: Delivery) -> InboxItem:
    return InboxItem(
        id=0,
        associate_id=7,
        company_id=1,
        message_id=delivery.message_id,
        delivery_id=delivery.id,
        title=CONTENT.title,
        body=CONTENT.body,
        url="",
        type=CONTENT.type,
        record_id=0,
        data=CONTENT.data,
        state=ItemState.UNREAD,
        time=NOW,
        expires_at=0,
    )


def _arrived(delivery: Delivery) -> Record:
    attempt = Attempt(delivery_id=delivery.id, number=delivery.attempts, started_at=NOW, took_ms=1, outcome="accepted")
    return Record(delivery_id=delivery.id, happening=Happening.ARRIVED, at=NOW, lease=delivery.lease, attempt=attempt)


async def reads(store: SqliteStore) -> None:
    """What one look-up costs the event loop, from the table and from the cache."""
    await store.directory.add_company(Company(id=1, name="Bench"))
    await store.directory.add_user(User(associate_id=7, company_id=1, user_id="7" * 32, user_name="bench"))
    cached = CachedDirectory(store.directory, SystemClock(), seconds=3600)
    looks: dict[str, Callable[[], Awaitable[object]]] = {
        "user, from the table": lambda: store.directory.user(7),
        "user, remembered": lambda: cached.user(7),
        "message, from the table": lambda: store.outbox.message(1),
        "deliveries of one message": lambda: store.outbox.deliveries([1]),
        "due on an idle channel": lambda: store.queue.due("idle", now=NOW, limit=CLAIM),
        "due, 256 of a backlog": lambda: store.queue.due("backlog", now=NOW, limit=CLAIM),
    }
    print(f"\n{'read':34} {'us':>8}")
    for name, look in looks.items():
        await look()
        started = time.perf_counter()
        for _ in range(2000):
            await look()
        print(f"{name:34} {(time.perf_counter() - started) / 2000 * 1e6:8.2f}")


async def main(seconds: float) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        store = await open_store(Path(folder) / "data" / "heliograph.db", StoreSettings(), SystemClock())
        print(store.facts())
        header = ("", "at", "messages/s", "p50 ms", "p99 ms", "loop us", "cpu us")
        print("{:34} {:>4} {:>10} {:>8} {:>8} {:>9} {:>9}".format(*header))
        for workers in (1, 64, 512):
            await measured("accept", workers, seconds, accepting(store, "backlog"))
        await measured("claim, inbox, record", 4, seconds, draining(store, "backlog"))
        await asyncio.gather(
            measured("accept, while drained", 64, seconds, accepting(store, "live")),
            measured("claim, inbox, record, meanwhile", 2, seconds, draining(store, "live")),
        )
        await reads(store)
        await store.close()


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0))
