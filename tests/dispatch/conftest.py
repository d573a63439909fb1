"""One channel named stub, and a gateway around it that is stopped when the test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from heliograph.testing.clock import JumpingClock
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import ScriptedChannel

Start = Callable[..., Awaitable[SmallGateway]]


@pytest.fixture
def channel() -> ScriptedChannel:
    return ScriptedChannel()


@pytest.fixture
async def start(clock: JumpingClock, channel: ScriptedChannel) -> AsyncIterator[Start]:
    """Start a gateway: with the channel `stub` unless the test names others."""
    running: list[SmallGateway] = []

    async def start(**changes: Any) -> SmallGateway:
        gateway = SmallGateway(clock, changes.pop("channels", {"stub": channel}), **changes)
        await gateway.dispatcher.start()
        running.append(gateway)
        await clock.settle()
        return gateway

    yield start
    for gateway in running:
        await gateway.dispatcher.stop(0)
