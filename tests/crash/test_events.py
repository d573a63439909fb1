"""Events are as durable as what they tell of: the process is killed under load, and each accepted message is told."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heliograph.testing.servers.webhook import Request, WebhookServer

from .reckoning import account, kills
from .rig import GatewayProcess, Ledger, caller
from .test_kill import inbox_tokens

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = int(os.environ.get("HELIOGRAPH_EVENT_CRASH_ROUNDS", "6"))
KINDS = ("push", "rest", "send") * 3
_TOKEN = re.compile(r"(?:push|rest|send)-\d+\.")  # what the demo sends by itself has none


async def test_each_accepted_message_is_told_although_the_process_is_killed_again_and_again(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(os.environ.get("HELIOGRAPH_CRASH_SEED", ROUNDS))
    ledger = Ledger()
    gateway = GatewayProcess(
        tmp_path / "data",
        HELIOGRAPH_MESSAGING__WAIT="0.5",
        HELIOGRAPH_DISPATCH__LEASE="2",
        HELIOGRAPH_WEBHOOKS__ALLOW_HTTP="true",
    )
    async with WebhookServer() as receiver, gateway:
        ready = await gateway.start()
        await asyncio.to_thread(subscribe, ready, receiver.url)
        for round in kills(ROUNDS, ledger, least=20):
            if round:
                ready = await gateway.start()
            callers = [asyncio.create_task(caller(kind, ready, "", ledger)) for kind in KINDS]
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            await gateway.kill()
            await asyncio.gather(*callers)
        ready = await gateway.start()
        inbox = await asyncio.to_thread(inbox_tokens, ready)
        told = await settled(receiver, ledger)
        accepted, sent = told["message.accepted"], told["delivery.sent"]
        untold = ledger.promised - accepted.keys()
        unsent = ledger.promised - sent.keys()
        story = account(tmp_path / "data", untold | unsent)
        assert await gateway.stop() == 0

    made_up = accepted.keys() - ledger.promised - ledger.unanswered
    ids = Counter(request.headers["webhook-id"] for request in receiver.requests)
    summary = (
        f"{ledger.kills} kills, {len(ledger.promised)} promised, {len(untold)} not told as accepted, {len(unsent)} not told "
        f"as sent, {len(made_up)} made up, {sum(ids.values()) - len(ids)} posted again under the same id"
    )
    print(summary)
    record_property("events", summary)
    assert not ledger.refused
    assert len(ledger.promised) > ROUNDS * 20, "too little was sent for the test to mean anything"
    assert not untold, story
    assert not unsent, story
    assert not made_up, "only what was sent can have been accepted"
    assert accepted.keys() >= {token for token in inbox if _TOKEN.fullmatch(token)}, (
        "what is in an inbox was accepted, and told"
    )
    assert max(accepted.values()) == 1, "each event is one notice, whatever number of tries it takes"


def subscribe(ready: dict[str, Any], url: str) -> None:
    """The demo company's endpoint, with contents: so that each message can be recognised."""
    body = {
        "Url": url,
        "EventTypes": ["message.accepted", "delivery.sent"],
        "IncludeContent": True,
        "CompanyId": ready["company_id"],
        "IntegrationKey": ready["integration_key"],
    }
    connection = http.client.HTTPConnection("127.0.0.1", int(ready["url"].rsplit(":", 1)[1]))
    connection.request("POST", "/api/v2/webhook?format=json", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


async def settled(receiver: WebhookServer, ledger: Ledger) -> dict[str, Counter[str]]:
    """How many notices (by webhook-id) told of each token, once all promised ones are told or nothing changes any more."""
    told = tokens(receiver.requests)
    unchanged = 0
    while unchanged < 120:
        await asyncio.sleep(0.5)
        seen, told = told, tokens(receiver.requests)
        if all(not ledger.promised - each.keys() for each in told.values()) and seen == told:
            break
        unchanged = unchanged + 1 if seen == told else 0
    return told


def tokens(requests: list[Request]) -> dict[str, Counter[str]]:
    """Tokens by type, each notice counted once."""
    found: dict[str, dict[str, str]] = {"message.accepted": {}, "delivery.sent": {}}
    for request in requests:
        content = request.json["data"]["content"]
        for token in _TOKEN.findall(content.get("title") or content["body"]):
            found[request.json["type"]][request.headers["webhook-id"]] = token
    return {type: Counter(by_id.values()) for type, by_id in found.items()}
