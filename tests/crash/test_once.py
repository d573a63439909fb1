"""Sent once: the process is killed at random moments while callers repeat every call with its key until it is answered."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from .rig import Connection, GatewayProcess, Ledger, request
from .test_kill import inbox_tokens

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = int(os.environ.get("HELIOGRAPH_CRASH_ROUNDS", "20"))
KINDS = ("push", "rest", "send") * 4


class Insisting:
    """A caller who repeats each request with its key until it is answered with success, through every crash."""

    def __init__(self, kind: str, gateway: GatewayProcess, ledger: Ledger) -> None:
        self._kind = kind
        self._gateway = gateway
        self._ledger = ledger
        self._connection: Connection | None = None
        self.tries = 0
        self.replayed = 0
        self.enough = False

    async def run(self) -> None:
        """One message after the other."""
        while not self.enough:
            token = self._ledger.token(self._kind)
            while True:
                if await self._sent(token):
                    break
                await asyncio.sleep(0.02)
            self._ledger.promised.add(token)

    def hang_up(self) -> None:
        """Let go of the socket, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _sent(self, token: str) -> bool:
        self.tries += 1
        ready = self._gateway.ready
        path, content_type, body, success = request(self._kind, token, ready, "")
        if self._connection is None:
            self._connection = Connection(int(ready["url"].rsplit(":", 1)[1]))
        try:
            status, answer = await self._connection.post(path, content_type, body, {"Idempotency-Key": token})
        except (OSError, EOFError):
            self.hang_up()
            return False
        self.replayed += "idempotent-replay" in self._connection.heard
        if status == 409 or "still running" in answer or "not been answered yet" in answer:
            return False
        assert status == 200, answer[:500]
        assert success in answer, answer[:500]
        return True


async def test_a_call_repeated_until_it_is_answered_is_sent_once_whenever_the_process_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(os.environ.get("HELIOGRAPH_CRASH_SEED", ROUNDS))
    ledger = Ledger()
    settings = {"HELIOGRAPH_MESSAGING__WAIT": "0.3", "HELIOGRAPH_DISPATCH__LEASE": "2"}
    async with GatewayProcess(tmp_path / "data", **settings) as gateway:
        await gateway.start()
        callers = [Insisting(kind, gateway, ledger) for kind in KINDS]
        tasks = [asyncio.create_task(caller.run()) for caller in callers]
        for _ in range(ROUNDS):
            await asyncio.sleep(chance.uniform(0.1, 0.8))
            await gateway.kill()
            await gateway.start()
        for caller in callers:
            caller.enough = True
        await asyncio.gather(*tasks)
        for caller in callers:
            caller.hang_up()
        arrived: Counter[str] = Counter()
        for _ in range(120):  # a delivery under way when the process died waits for its lease to lapse
            arrived = await asyncio.to_thread(inbox_tokens, gateway.ready)
            if ledger.promised <= arrived.keys():
                break
            await asyncio.sleep(0.5)
        assert await gateway.stop() == 0

    repeated = sum(caller.tries for caller in callers) - len(ledger.promised)
    summary = (
        f"{ROUNDS} kills, {len(ledger.promised)} calls with a key, {repeated} repetitions, "
        f"{sum(caller.replayed for caller in callers)} answered from what was kept, "
        f"{len(ledger.promised - arrived.keys())} lost, {sum(arrived.values()) - len(arrived)} sent twice"
    )
    print(summary)
    record_property("once", summary)
    assert set(arrived) == ledger.promised
    assert set(arrived.values()) == {1}
    assert len(ledger.promised) > ROUNDS * 20, "too little was sent for the test to mean anything"
