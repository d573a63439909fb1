"""What one dead endpoint of a hundred costs the other ninety-nine: their p99 from acceptance to the try, with and without it.

Usage: python bench/lanes.py [seconds] [deliveries a second]
"""

from __future__ import annotations

import asyncio
import sys
import time
from statistics import median

import msgspec
import uvloop

from heliograph.config.settings import DispatchSettings
from heliograph.core.delivery import Address, Letter
from heliograph.core.outcome import Accepted, Deferred, Outcome
from heliograph.core.ports import Check, Traits
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.dispatcher import Dispatcher
from heliograph.observe.counters import Counters
from heliograph.store.memory import MemoryStore
from heliograph.system.clock import SystemClock
from heliograph.system.results import InProcessResults
from heliograph.testing.builders import an_acceptance
from heliograph.testing.secrets import OpenSealer

ENDPOINTS = 100
ANSWER = 0.02  # seconds a healthy endpoint takes
DEAD = "https://host0.example/"


class Hosts:
    """Every host answers in 20 ms; the first never does, when it is dead."""

    traits = Traits(concurrency=64, timeout=5.0)

    def __init__(self, dead: bool) -> None:
        self._dead = dead
        self.accepted_at: dict[int, float] = {}
        self.waits: list[float] = []

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        return Address(value=to)

    async def send(self, letter: Letter) -> Outcome:
        if letter.address.value != DEAD:
            self.waits.append(time.perf_counter() - self.accepted_at[letter.delivery_id])
        elif self._dead:
            await asyncio.sleep(60)
            return Deferred("no answer", in_doubt=True)
        await asyncio.sleep(ANSWER)
        return Accepted()

    async def check(self) -> Check:
        return Check(True, "It is a bench.")

    async def close(self) -> None:
        return None


async def run(dead: bool, seconds: float, rate: int) -> list[float]:
    """The waits of the healthy endpoints' deliveries, sorted."""
    clock, channel = SystemClock(), Hosts(dead)
    store = MemoryStore(clock)
    room = Room(
        outbox=store.outbox,
        directory=store.directory,
        sealer=OpenSealer(),
        results=InProcessResults(clock),
        observer=Counters(),
        clock=clock,
        jitter=lambda: 0.5,
    )
    dispatcher = Dispatcher({"stub": channel}, store.queue, room, DispatchSettings())
    await dispatcher.start()
    began, id = time.perf_counter(), 1
    while time.perf_counter() - began < seconds:
        some = an_acceptance(ENDPOINTS, first=id, due_at=0, expires_at=2**52)
        deliveries = tuple(
            msgspec.structs.replace(one, address=f"https://host{one.id % ENDPOINTS}.example/")
            for one in some.deliveries
        )
        channel.accepted_at |= dict.fromkeys(range(id, id + ENDPOINTS), time.perf_counter())
        await store.outbox.accept(msgspec.structs.replace(some, deliveries=deliveries))
        await store.queue.publish(deliveries)
        id += ENDPOINTS
        await asyncio.sleep(max(began + id / rate - time.perf_counter(), 0))
    await asyncio.sleep(1)
    await dispatcher.stop(0)
    return sorted(channel.waits)


def main() -> None:
    """Both ways, three times in turn: a machine that does other things as well is judged by the medians."""
    seconds, rate = float((sys.argv[1:] or [10])[0]), int((sys.argv[2:] or [1000])[0])
    p99s: dict[bool, list[float]] = {False: [], True: []}
    for dead in (False, True) * 3:
        waits = uvloop.run(run(dead, seconds, rate))
        p50, p99, most = waits[len(waits) // 2], waits[int(len(waits) * 0.99)], waits[-1]
        p99s[dead].append(p99)
        print(
            f"{'one dead' if dead else 'all well':<9} {len(waits):>7} tries of the others"
            f" p50 {p50 * 1e3:6.1f} ms  p99 {p99 * 1e3:6.1f} ms  most {most * 1e3:7.1f} ms"
        )
    well, dead_one = median(p99s[False]), median(p99s[True])
    print(f"median p99: {well * 1e3:.1f} ms, with one dead {dead_one * 1e3:.1f} ms ({dead_one / well - 1:+.0%})")


if __name__ == "__main__":
    main()
