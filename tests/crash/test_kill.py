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

from .rig import GatewayProcess, Ledger, caller

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = int(os.environ.get("HELIOGRAPH_CRASH_ROUNDS", "20"))
KINDS = ("push", "rest", "send", "hook") * 4


async def test_nothing_answered_with_success_is_lost_when_the_process_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(os.environ.get("HELIOGRAPH_CRASH_SEED", ROUNDS))
    ledger = Ledger()
    gateway = GatewayProcess(tmp_path / "data", HELIOGRAPH_MESSAGING__WAIT="0.5", HELIOGRAPH_DISPATCH__LEASE="2")
    async with WebhookServer() as receiver, gateway:
        for _ in range(ROUNDS):
            ready = await gateway.start()
            callers = [asyncio.create_task(caller(kind, ready, receiver.url, ledger)) for kind in KINDS]
            await asyncio.sleep(chance.uniform(0.1, 1.5))
            await gateway.kill()
            await asyncio.gather(*callers)
        ready = await gateway.start()
        hooks, inbox = await settled(ready, ledger, receiver)
        assert await gateway.stop() == 0

    lost = {token for token in ledger.promised if token not in hooks and token not in inbox}
    repeated = sum(count - 1 for count in (hooks + inbox).values())
    summary = (
        f"{ROUNDS} kills, {len(ledger.promised)} promised, {len(lost)} lost, {repeated} sent again "
        f"({sum(count - 1 for count in hooks.values())} webhooks, {sum(count - 1 for count in inbox.values())} inbox items), "
        f"{len(ledger.unanswered)} without an answer"
    )
    print(summary)
    record_property("crash", summary)
    assert not ledger.refused
    assert not lost, sorted(lost)[:20]
    assert len(ledger.promised) > ROUNDS * 20, "too little was sent for the test to mean anything"
    assert max(inbox.values()) == 1, "the inbox knows a delivery it has had"


async def settled(ready: dict[str, Any], ledger: Ledger, receiver: WebhookServer) -> tuple[Counter[str], Counter[str]]:
    """How often each token arrived, once all promised ones have, or nothing has changed for a while."""
    arrived: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for _ in range(120):
        inbox = await asyncio.to_thread(inbox_tokens, ready)
        hooks = Counter(token_of(request.json) for request in receiver.requests)
        arrived = (hooks, inbox)
        if all(token in hooks or token in inbox for token in ledger.promised):
            break
        await asyncio.sleep(0.5)
    return arrived


def token_of(payload: Any) -> str:
    """The token in a webhook's JSON, wherever the channel puts the text."""
    text = json.dumps(payload)
    start = text.index("hook-")
    return text[start : text.index(".", start) + 1]


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
