"""Events go out through the same lanes as everything else: one silent endpoint holds up no other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.webhooks.conftest import Desk

from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import DispatchSettings, StoreSettings
from heliograph.core.lifecycle import State
from heliograph.core.webhooks import CHANNEL
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.dispatcher import Dispatcher
from heliograph.dispatch.fan_out import FanOut
from heliograph.store.sqlite import open_store
from heliograph.system.clock import SystemClock
from heliograph.system.results import InProcessResults
from heliograph.testing.observer import Witness
from heliograph.testing.secrets import OpenSealer
from heliograph.testing.servers.webhook import Answer, Fault, WebhookServer
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(tmp_path: Path, transport: GuardedTransport) -> AsyncIterator[Desk]:
    """Under the machine's own clock throughout: a queue that sleeps by another clock than the lanes' wakes for nothing."""
    clock = SystemClock()
    store = await open_store(tmp_path / "heliograph.db", StoreSettings(), clock)
    yield Desk(store, transport, clock, concurrency=8)
    await store.close()


@asynccontextmanager
async def dispatching(desk: Desk) -> AsyncIterator[None]:
    """Dispatch under the machine's own clock, for as long as the test looks."""
    clock = desk.clock
    room = Room(
        outbox=desk.store.outbox,
        directory=desk.store.directory,
        sealer=OpenSealer(),
        results=InProcessResults(clock),
        observer=Witness(),
        clock=clock,
        jitter=lambda: 0.5,
    )
    dispatcher = Dispatcher({CHANNEL: desk.channel}, desk.store.queue, room, DispatchSettings(poll=0.1))
    fan_out = FanOut(desk.store.webhooks, desk.store.queue, clock, 0.05)
    await dispatcher.start()
    fan_out.start()
    try:
        yield
    finally:
        await fan_out.stop()
        await dispatcher.stop(0)


async def test_a_silent_endpoint_holds_up_neither_its_neighbour_nor_another_path_of_its_host(desk: Desk) -> None:
    async with WebhookServer(default=Answer(fault=Fault.STALL)) as silent, WebhookServer() as lively:
        dead = (await desk.add(silent.url)).endpoint
        await desk.add(lively.url + "/a")
        await desk.add(lively.url + "/b")
        for _ in range(40):
            await desk.accept()
        async with dispatching(desk):
            await until(lambda: len(lively.requests) >= 80)
            arrived = Counter(request.path for request in lively.requests)
        waiting = await desk.service.sent(dead, state=State.QUEUED, limit=100)
    assert arrived == {"/a": 40, "/b": 40}
    assert len(waiting) == 40, "what the silent one did not take is kept for it"


async def test_an_endpoint_that_asks_for_a_pause_gets_it_and_its_neighbour_on_the_same_host_does_not(
    desk: Desk,
) -> None:
    async with WebhookServer() as host:
        busy = (await desk.add(host.url + "/busy", types=["message.accepted"])).endpoint
        host.script(Answer(status=429, headers={"Retry-After": "600"}))
        await desk.accept()
        async with dispatching(desk):
            await until(lambda: len(host.requests) == 1)
            await desk.add(host.url + "/free", types=["message.accepted"])
            for _ in range(20):
                await desk.accept()
            await until(lambda: len(host.requests) >= 21)
            await asyncio.sleep(0.3)
            arrived = Counter(request.path for request in host.requests)
        waiting = await desk.service.sent(busy, state=State.QUEUED, limit=100)
    assert arrived == {"/busy": 1, "/free": 20}
    assert len(waiting) == 21
