"""The clock, the randomness and the resolver of the real machine."""

from __future__ import annotations

import time

import pytest

from heliograph.core.ports import ConnectFailed
from heliograph.system.clock import SystemClock
from heliograph.system.entropy import entropy
from heliograph.system.resolver import SystemResolver

pytestmark = pytest.mark.anyio


async def test_the_system_clock_tells_wall_time_in_milliseconds_and_sleeps() -> None:
    clock = SystemClock()
    assert abs(clock.now() - time.time() * 1000) < 1000
    before = clock.monotonic()
    await clock.sleep(0.01)
    await clock.sleep(-1)
    assert clock.monotonic() - before >= 0.009


def test_entropy_has_the_length_asked_for_and_does_not_repeat() -> None:
    assert len(entropy(16)) == 16
    assert entropy(16) != entropy(16)


async def test_localhost_resolves_to_loopback_each_address_once() -> None:
    addresses = await SystemResolver().resolve("localhost", 80)
    assert addresses
    assert len(addresses) == len(set(addresses))
    assert set(addresses) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "nul\0byte", "..", ""])
async def test_a_name_that_cannot_be_resolved_is_a_connection_that_failed(host: str) -> None:
    with pytest.raises(ConnectFailed):
        await SystemResolver().resolve(host, 80)
