"""Sent once: the process is killed at random moments while callers repeat every call with its key until it is answered."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from .reckoning import ROUNDS, account, arrival, kills
from .rig import Connection, GatewayProcess, Ledger, request
from .test_kill import inbox_tokens

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KINDS = ("push", "rest", "send") * 4
AT_ONCE = 3


class Insisting:
    """A caller who sends each request three times at once and repeats each until it is answered, through every crash."""

    def __init__(self, kind: str, gateway: GatewayProcess, ledger: Ledger) -> None:
        self._kind = kind
        self._gateway = gateway
        self._ledger = ledger
        self._connections: dict[int, Connection] = {}
        self.tries = 0
        self.replayed = 0
        self.differing: list[str] = []
        self.enough = False

    async def run(self) -> None:
        """One message after the other."""
        while not self.enough:
            token = self._ledger.token(self._kind)
            answers = await asyncio.gather(*(self._until_answered(token, place) for place in range(AT_ONCE)))
            if len(set(answers)) > 1:
                self.differing.append(token)
            self._ledger.promised.add(token)

    async def _until_answered(self, token: str, place: int) -> str:
        while True:
            answer = await self._sent(token, place)
            if answer:
                return answer
            await asyncio.sleep(0.02)

    def hang_up(self) -> None:
        """Let go of all sockets."""
        while self._connections:
            self._connections.popitem()[1].close()

    async def _sent(self, token: str, place: int) -> str:
        """The answer, or nothing when there was none or the first call is still running."""
        self.tries += 1
        ready = self._gateway.ready
        path, content_type, body, success = request(self._kind, token, ready, "")
        connection = self._connections.setdefault(place, Connection(int(ready["url"].rsplit(":", 1)[1])))
        try:
            status, answer = await connection.post(path, content_type, body, {"Idempotency-Key": token})
        except (OSError, EOFError):
            connection.close()
            return ""
        self.replayed += "idempotent-replay" in connection.heard
        if status == 409:
            return ""
        assert status == 200, answer[:500]
        assert success in answer, answer[:500]
        return answer


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
        for _ in kills(ROUNDS, ledger, least=20):
            await asyncio.sleep(chance.uniform(0.1, 0.8))
            await gateway.kill()
            await gateway.start()
        for caller in callers:
            caller.enough = True
        await asyncio.gather(*tasks)
        for caller in callers:
            caller.hang_up()
        # A delivery under way when the process died waits for its lease to lapse.
        arrived = await arrival(ledger.promised, lambda: asyncio.to_thread(inbox_tokens, gateway.ready))
        lost = ledger.promised - arrived.keys()
        story = account(tmp_path / "data", lost)
        assert await gateway.stop() == 0

    differing = [token for caller in callers for token in caller.differing]
    summary = (
        f"{ledger.kills} kills, {len(ledger.promised)} keys, {sum(caller.tries for caller in callers)} requests, "
        f"{sum(caller.replayed for caller in callers)} answered from what was kept, "
        f"{len(lost)} lost, {sum(arrived.values()) - len(arrived)} sent twice"
    )
    print(summary)
    record_property("once", summary)
    assert not differing, "every request with the same key got the same answer"
    assert not lost, story
    assert set(arrived) == ledger.promised
    assert set(arrived.values()) == {1}
    assert len(ledger.promised) > ROUNDS * 20, "too little was sent for the test to mean anything"
