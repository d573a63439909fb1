"""The machine stands still for seconds under load, and goes on: nothing is lost, and nothing stays where it was."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from heliograph.testing.servers.webhook import WebhookServer

from .rig import GatewayProcess, Ledger, caller, token_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = int(os.environ.get("HELIOGRAPH_CRASH_ROUNDS", "20")) // 5 or 1
#: A lease lasts as long as these two together, which some of the standstills outlast.
SHORT = {"HELIOGRAPH_DISPATCH__LEASE": "1", "HELIOGRAPH_CHANNELS__WEBHOOK__TIMEOUT": "1"}
KINDS = ("hook", "hook", "hook", "push")


async def test_a_process_that_stood_still_loses_nothing_and_leaves_nothing_under_lease(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance, ledger = random.Random(ROUNDS), Ledger()
    gateway = GatewayProcess(tmp_path / "data", **SHORT, HELIOGRAPH_MESSAGING__WAIT="0")
    async with WebhookServer() as receiver, gateway:
        ready = await gateway.start()
        callers = [asyncio.create_task(caller(kind, ready, receiver.url, ledger)) for kind in KINDS]
        for _ in range(ROUNDS):
            await asyncio.sleep(chance.uniform(0.3, 1.0))
            os.kill(gateway.pid, signal.SIGSTOP)
            await asyncio.sleep(chance.uniform(0.5, 4.0))
            os.kill(gateway.pid, signal.SIGCONT)
        await asyncio.sleep(0.5)
        for task in callers:
            task.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        promised = {token for token in ledger.promised if token.startswith("hook")}
        arrived: Counter[str] = Counter()
        for _ in range(240):
            arrived = Counter(token_of(request.json) for request in receiver.requests)
            if promised <= arrived.keys() and not unsettled(tmp_path / "data"):
                break
            await asyncio.sleep(0.25)
        left = unsettled(tmp_path / "data")
        assert await gateway.stop() == 0
    again = sum(count - 1 for count in arrived.values())
    summary = f"{ROUNDS} standstills, {len(ledger.promised)} promised, {len(promised - arrived.keys())} lost, {again} sent again"
    print(summary)
    record_property("crash", summary)
    assert not ledger.refused
    assert promised <= arrived.keys()
    assert not left
    assert len(promised) > ROUNDS * 20, "too little was sent for the test to mean anything"


def unsettled(folder: Path) -> list[tuple[object, ...]]:
    """What has not come to rest: id, channel, state, why, when it is due."""
    connection = apsw.Connection(str(folder / "heliograph.db"), flags=apsw.SQLITE_OPEN_READONLY)
    rows = connection.execute(
        "SELECT id, channel, state, detail, due_at, lease_until FROM delivery WHERE state IN ('queued', 'leased') LIMIT 20"
    ).fetchall()
    connection.close()
    return rows
