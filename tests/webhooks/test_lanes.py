"""Events go out through the same lanes as everything else: one silent endpoint holds up no other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from tests.webhooks.conftest import Desk

from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import DispatchSettings
from heliograph.core.lifecycle import State
from heliograph.core.webhooks import CHANNEL
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.dispatcher import Dispatcher
from heliograph.dispatch.fan_out import FanOut
from heliograph.system.clock import SystemClock
from heliograph.system.results import InProcessResults
from heliograph.testing.observer import Witness
from heliograph.testing.secrets import OpenSealer
from heliograph.testing.servers.webhook import Answer, Fault, WebhookServer

pytestmark = pytest.mark.anyio


async def until(done: Callable[[], bool], within: float = 8.0) -> None:
    """Wait for it; the assertions that follow say what was missing."""
    for _ in range(int(within / 0.02)):
        if done():
            return
        await asyncio.sleep(0.02)


async def test_a_silent_endpoint_holds_up_neither_its_neighbour_nor_another_path_of_its_own_host(
    desk: Desk, transport: GuardedTransport
) -> None:
    clock = SystemClock()
    room = Room(
        outbox=desk.store.outbox,
        directory=desk.store.directory,
        sealer=OpenSealer(),
        results=InProcessResults(clock),
        observer=Witness(),
        clock=clock,
        jitter=lambda: 0.5,
    )
    real = Desk(desk.store, transport, desk.clock, concurrency=8)
    dispatcher = Dispatcher({CHANNEL: real.channel}, desk.store.queue, room, DispatchSettings(poll=0.1))
    fan_out = FanOut(desk.store.webhooks, desk.store.queue, clock, 0.05)
    async with WebhookServer(default=Answer(fault=Fault.STALL)) as silent, WebhookServer() as lively:
        dead = (await real.add(silent.url)).endpoint
        await real.add(lively.url + "/a")
        await real.add(lively.url + "/b")
        for _ in range(40):
            await desk.accept()
        await dispatcher.start()
        fan_out.start()
        await until(lambda: len(lively.requests) >= 80)
        arrived = Counter(request.path for request in lively.requests)
        await fan_out.stop()
        await dispatcher.stop(0)
        waiting = await desk.service.sent(dead, state=State.QUEUED, limit=100)
    assert arrived == {"/a": 40, "/b": 40}
    assert len(waiting) == 40, "what the silent one did not take is kept for it"
