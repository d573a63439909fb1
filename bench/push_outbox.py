"""From the outbox to a server on the other core: seeded deliveries of one message, the real APNs channel, the real store."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from heliograph.channels.apns.channel import ApnsChannel
from heliograph.channels.apns.provider_token import ProviderToken
from heliograph.channels.apns.settings import ApnsSettings
from heliograph.config.settings import DispatchSettings, StoreSettings
from heliograph.core.delivery import Acceptance
from heliograph.core.lifecycle import State
from heliograph.core.ports import Directory
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.dispatcher import Dispatcher
from heliograph.observe.counters import Counters
from heliograph.store.cached import CachedDirectory
from heliograph.store.sqlite import SqliteStore, open_store
from heliograph.system import collector
from heliograph.system.clock import SystemClock
from heliograph.system.results import InProcessResults
from heliograph.testing.builders import a_company, a_delivery, a_message, a_push, a_user
from heliograph.testing.secrets import OpenSealer
from push_peers import HOST, serving, transport

CHANNEL = "apple"
DEVICE = "ab" * 32  # one token for all, as nghttpd serves one file
SEED = 5_000  # deliveries in one accept
LIMIT = 1800.0  # seconds after which the run gives up


async def drain(count: int, name: str, port: int) -> None:
    """Seed, send everything, and print the figures."""
    clock = SystemClock()
    async with serving(name, port, core="1") as server:
        (server.folder / "3" / "device").unlink()
        (server.folder / "3" / "device").mkdir()
        (server.folder / "3" / "device" / DEVICE).write_bytes(b"")
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(Path(folder) / "bench.db", StoreSettings(), clock)
            directory = CachedDirectory(store.directory, clock, seconds=60)
            await seed(store, directory, count)
            await send(store, directory, clock, count, f"https://{HOST}:{port}", name)
            await store.close()


async def seed(store: SqliteStore, directory: Directory, count: int) -> None:
    """One message, and that many deliveries of it that are due."""
    company = await directory.add_company(a_company())
    user = await directory.add_user(a_user(company_id=company.id))
    message = a_message(1, content=a_push(), expires_at=2**52)
    await store.outbox.accept(Acceptance(messages=(message,), deliveries=()))
    for first in range(1, count + 1, SEED):
        deliveries = tuple(
            a_delivery(
                id,
                message_id=1,
                channel=CHANNEL,
                address=DEVICE,
                associate_id=user.associate_id,
                due_at=0,
                expires_at=2**52,
            )
            for id in range(first, min(first + SEED, count + 1))
        )
        await store.outbox.accept(Acceptance(messages=(), deliveries=deliveries))


async def send(
    store: SqliteStore, directory: Directory, clock: SystemClock, count: int, origin: str, name: str
) -> None:
    """Start dispatch, wait until everything has settled, tell how it went."""
    out = transport()
    key = ec.generate_private_key(ec.SECP256R1())
    settings = ApnsSettings(
        topic="com.example.lighthouse", key_id="A" * 10, team_id="B" * 10, private_key="given", endpoint=origin
    )
    token = ProviderToken(key, settings.key_id, settings.team_id, clock)
    channel = ApnsChannel(settings, out, clock, token=token)
    observer = Counters()
    room = Room(
        outbox=store.outbox,
        directory=directory,
        sealer=OpenSealer(),
        results=InProcessResults(clock),
        observer=observer,
        clock=clock,
        jitter=lambda: 0.5,
    )
    dispatcher = Dispatcher({CHANNEL: channel}, store.queue, room, DispatchSettings())
    collector.settle()  # as a gateway does before it serves
    wall, cpu, thread = time.perf_counter(), time.process_time(), time.thread_time()
    await dispatcher.start()
    async with asyncio.timeout(LIMIT):
        await _until_settled(observer, count)
    wall, cpu, thread = time.perf_counter() - wall, time.process_time() - cpu, time.thread_time() - thread
    await dispatcher.stop(10)
    await out.close()
    states = {state: many for (_, state), many in (await store.outbox.counts()).items()}
    assert states == {State.SENT: count}, states
    each = 1e6 / count
    print(
        f"{name:<8} {count:>8} deliveries {count / wall:>8,.0f}/s  {cpu * each:>6.1f} us of CPU each,"
        f" {thread * each:.1f} of them on the event loop's thread; largest {_largest_mib():,.0f} MiB"
    )


async def _until_settled(observer: Counters, count: int) -> None:
    told = 0
    while (settled := _settled(observer)) < count:
        if settled - told >= 100_000:
            told = settled
            print(f"         {settled:>8} settled, {_now_mib():,.0f} MiB")
        await asyncio.sleep(0.05)


def _settled(observer: Counters) -> int:
    return sum(many for (word, *_), many in observer.snapshot().items() if word == "delivery_settled")


def _now_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _largest_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
