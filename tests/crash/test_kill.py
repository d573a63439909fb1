"""Accepted means kept: the process is killed at random moments under load, and every promise is looked for afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heliograph.testing.servers.webhook import WebhookServer

from .reckoning import ROUNDS, account, arrival, kills
from .rig import GatewayProcess, Ledger, caller, token_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KINDS = ("push", "rest", "send", "hook") * 4


async def test_nothing_answered_with_success_is_lost_when_the_process_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(os.environ.get("HELIOGRAPH_CRASH_SEED", ROUNDS))
    ledger = Ledger()
    gateway = GatewayProcess(tmp_path / "data", HELIOGRAPH_MESSAGING__WAIT="0.5", HELIOGRAPH_DISPATCH__LEASE="2")
    async with WebhookServer() as receiver, gateway:
        for _ in kills(ROUNDS, ledger, least=20):
            ready = await gateway.start()
            callers = [asyncio.create_task(caller(kind, ready, receiver.url, ledger)) for kind in KINDS]
            await asyncio.sleep(chance.uniform(0.1, 1.5))
            await gateway.kill()
            await asyncio.gather(*callers)
        ready = await gateway.start()

        async def arrived() -> Counter[str]:
            inbox = await asyncio.to_thread(inbox_tokens, ready)
            return inbox + Counter(token_of(request.json) for request in receiver.requests)

        found = await arrival(ledger.promised, arrived)
        lost = ledger.promised - found.keys()
        story = account(tmp_path / "data", lost)
        assert await gateway.stop() == 0

    hooks = Counter({token: count for token, count in found.items() if token.startswith("hook")})
    inbox = found - hooks
    repeated = sum(count - 1 for count in found.values())
    summary = (
        f"{ledger.kills} kills, {len(ledger.promised)} promised, {len(lost)} lost, {repeated} sent again "
        f"({sum(count - 1 for count in hooks.values())} webhooks, {sum(count - 1 for count in inbox.values())} inbox items), "
        f"{len(ledger.unanswered)} without an answer"
    )
    print(summary)
    record_property("crash", summary)
    assert not ledger.refused
    assert not lost, story
    assert len(ledger.promised) > ROUNDS * 20, "too little was sent for the test to mean anything"
    assert max(inbox.values()) == 1, "the inbox knows a delivery it has had"


def inbox_tokens(ready: dict[str, Any]) -> Counter[str]:
    """The titles of everything in the first user's inbox, page by page."""
    tokens: Counter[str] = Counter()
    path: str | None = "/api/v2/inbox?limit=500"
    connection = http.client.HTTPConnection("127.0.0.1", int(ready["url"].rsplit(":", 1)[1]))
    with contextlib.closing(connection):
        while path:
            connection.request("GET", path, headers={"Authorization": f"SOTicket {ready['ticket']}"})
            page = json.load(connection.getresponse())
            tokens.update(item["title"] for item in page["items"])
            path = page["next"] and page["next"].removeprefix(ready["url"])
    return tokens
