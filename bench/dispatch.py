"""How many deliveries a second dispatch drains, and what of that is Python of its own.

Usage: python bench/dispatch.py [deliveries] [memory|sqlite|none ...]

`none` is a store that keeps nothing but the claim, so that what is left is the dispatcher.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from heliograph.config.settings import DispatchSettings, StoreSettings
from heliograph.core.delivery import Address, Claimed, Delivery, Letter, Moved, Record
from heliograph.core.lifecycle import State, advance
from heliograph.core.outcome import Accepted, Outcome
from heliograph.core.ports import Check, Traits
from heliograph.core.standing import Backlog
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.dispatcher import Dispatcher
from heliograph.observe.counters import Counters
from heliograph.system.clock import SystemClock
from heliograph.system.results import InProcessResults
from heliograph.testing.builders import a_delivery, a_message, an_acceptance
from heliograph.testing.secrets import OpenSealer

LIMIT = 300.0  # seconds after which the run gives up
SEED = 500  # deliveries in one accept


class Accepting:
    """Takes everything at once, and knows when it has had enough."""

    traits = Traits(concurrency=512)

    def __init__(self, expected: int) -> None:
        self._left = expected
        self.done = asyncio.Event()

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        return Address(value=to)

    async def send(self, letter: Letter) -> Outcome:
        self._left -= 1
        if self._left == 0:
            self.done.set()
        return Accepted()

    async def check(self) -> Check:
        return Check(True, "It takes everything.")

    async def close(self) -> None:
        return None


class Nothing:
    """Outbox, queue and directory that cost next to nothing: ids in order, each claimed once."""

    def __init__(self, count: int) -> None:
        self._next, self._count = 1, count
        self.recorded = 0
        self._message = a_message(expires_at=2**60)
        self._delivery = a_delivery(expires_at=2**60, state=State.LEASED, attempts=1, lease=1)
        self._fields = {
            name: getattr(self._delivery, name)
            for name in Delivery.__struct_fields__
            if name not in ("id", "message_id")
        }

    async def counts(self) -> dict[Any, int]:
        return {}

    async def due(self, channel: str, *, now: int, limit: int) -> list[int]:
        ids = list(range(self._next, min(self._next + limit, self._count + 1)))
        self._next += len(ids)
        return ids

    async def wait(self, channel: str, *, until: float) -> None:
        await asyncio.sleep(until)

    async def publish(self, deliveries: Iterable[Delivery]) -> None:
        return None

    async def expand(self) -> list[Delivery]:
        return []

    async def claim(self, ids: Sequence[int], *, now: int, lease_until: int) -> list[Claimed]:
        return [Claimed(delivery=Delivery(id=id, message_id=id, **self._fields), message=self._message) for id in ids]

    async def record(self, records: Sequence[Record]) -> list[Moved]:
        self.recorded += len(records)
        return [Moved(record.delivery_id, advance(State.LEASED, record.happening), True) for record in records]

    async def dead(self, channel: str, addresses: Collection[str]) -> dict[str, str]:
        return {}

    async def backlog(self, *, company_id: int | None) -> Backlog:
        return Backlog()


@asynccontextmanager
async def the_store(kind: str, count: int, clock: SystemClock) -> AsyncIterator[tuple[Any, Any, Any]]:
    """Outbox, queue and directory, filled with that many deliveries that are due."""
    if kind == "none":
        nothing = Nothing(count)
        yield nothing, nothing, nothing
        return
    with tempfile.TemporaryDirectory() as folder:
        store: Any
        if kind == "memory":
            from heliograph.store.memory import MemoryStore

            store = MemoryStore(clock)
        else:
            from heliograph.store.sqlite import open_store

            store = await open_store(Path(folder) / "bench.db", StoreSettings(), clock)
        for first in range(1, count + 1, SEED):
            some = min(SEED, count + 1 - first)
            await store.outbox.accept(an_acceptance(some, first=first, due_at=0, expires_at=2**52))
        yield store.outbox, store.queue, store.directory
        if kind == "sqlite":
            await store.close()


async def drain(kind: str, count: int) -> None:
    """Drain that many deliveries and print the figures."""
    clock, channel = SystemClock(), Accepting(count)
    async with the_store(kind, count, clock) as (outbox, queue, directory):
        room = Room(
            outbox=outbox,
            directory=directory,
            sealer=OpenSealer(),
            results=InProcessResults(clock),
            observer=Counters(),
            clock=clock,
            jitter=lambda: 0.5,
        )
        dispatcher = Dispatcher({"stub": channel}, queue, room, DispatchSettings())
        wall, cpu, thread = time.perf_counter(), time.process_time(), time.thread_time()
        await dispatcher.start()
        async with asyncio.timeout(LIMIT):
            await channel.done.wait()
        await dispatcher.stop(10)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        thread = time.thread_time() - thread
    each = 1e6 / count
    print(
        f"{kind:<8} {count:>8} deliveries {count / wall:>9,.0f}/s {thread * each:>7.1f} us on the event loop's thread"
        f" {cpu * each:>7.1f} us of CPU each"
    )


def main() -> None:
    """Run each kind of store asked for."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    for kind in sys.argv[2:] or ["none", "memory", "sqlite"]:
        uvloop.run(drain(kind, count))


if __name__ == "__main__":
    main()
