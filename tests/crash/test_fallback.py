"""Second ways survive kills: what the first channel lost is made exactly one delivery of the second, whenever the end came."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from heliograph.testing.servers.webhook import WebhookServer

from .reckoning import ROUNDS, account, arrival, kills
from .rig import Connection, GatewayProcess, Ledger, envelope, token_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HALF = ROUNDS // 2 or 1
#: A channel that refuses all, one that never hears of what it took, and the webhooks of the demo in the place of both.
CHANNELS = {
    "HELIOGRAPH_CHANNELS__FIRST__KIND": "stub",
    "HELIOGRAPH_CHANNELS__FIRST__ANSWERS": "refused",
    "HELIOGRAPH_CHANNELS__FIRST__FALLBACK__TO": "webhook",
    "HELIOGRAPH_CHANNELS__SILENT__KIND": "stub",
    "HELIOGRAPH_CHANNELS__SILENT__ANSWERS": "accepted",
    "HELIOGRAPH_CHANNELS__SILENT__FALLBACK__TO": "webhook",
    "HELIOGRAPH_CHANNELS__SILENT__FALLBACK__ON": "no_receipt",
    "HELIOGRAPH_CHANNELS__SILENT__FALLBACK__AFTER": "0.3",
}


async def caller(plugin: str, ready: dict[str, Any], to: str, ledger: Ledger) -> None:
    """Send until the server goes away; write down every promise."""
    connection = Connection(int(ready["url"].rsplit(":", 1)[1]))
    try:
        while True:
            token = ledger.token(f"hook-{plugin}")
            inner = (
                f"<p:SendMessages><p:Plugin>{plugin}</p:Plugin><p:OutgoingMessages><p:OutgoingMessage>"
                f"<p:To>{to}</p:To><p:Content>{token}</p:Content></p:OutgoingMessage></p:OutgoingMessages></p:SendMessages>"
            )
            body = envelope(ready, inner)
            status, answer = await connection.post("/Remote/Services86/Messaging.svc", "text/xml", body)
            if status == 200 and "<Status>1</Status>" in answer:
                ledger.promised.add(token)
            else:
                ledger.refused[f"{status} {answer[:300]}"] += 1
    except (OSError, EOFError):
        return
    finally:
        connection.close()


def kept(folder: Path) -> dict[str, Counter[str]]:
    """For each message by its text: how many deliveries each channel has of it."""
    connection = apsw.Connection(str(folder / "heliograph.db"), flags=apsw.SQLITE_OPEN_READONLY)
    found: dict[str, Counter[str]] = {}
    rows = "SELECT m.content ->> 'body', d.channel FROM message AS m JOIN delivery AS d ON d.message_id = m.id"
    for body, channel in connection.execute(rows):
        found.setdefault(body, Counter())[channel] += 1
    connection.close()
    return found


async def test_what_a_channel_lost_goes_the_second_way_exactly_once_whenever_the_process_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance, ledger = random.Random(HALF), Ledger()
    environment = CHANNELS | {"HELIOGRAPH_MESSAGING__WAIT": "0.5", "HELIOGRAPH_DISPATCH__LEASE": "2"}
    gateway = GatewayProcess(tmp_path / "data", **environment)
    async with WebhookServer() as receiver, gateway:
        for _ in kills(HALF, ledger, least=5):
            ready = await gateway.start()
            callers = [
                asyncio.create_task(caller(plugin, ready, receiver.url, ledger)) for plugin in ("first", "silent") * 3
            ]
            await asyncio.sleep(chance.uniform(0.1, 1.2))
            await gateway.kill()
            await asyncio.gather(*callers)
        await gateway.start()

        async def posted() -> Counter[str]:
            return Counter(token_of(request.json) for request in receiver.requests)

        arrived = await arrival(ledger.promised, posted)
        lost = ledger.promised - arrived.keys()
        story = account(tmp_path / "data", lost)
        assert await gateway.stop() == 0
    messages = {body: channels for body, channels in kept(tmp_path / "data").items() if body.startswith("hook-")}
    doubled = [body for body, channels in messages.items() if channels["webhook"] > 1]
    again = sum(count - 1 for count in arrived.values())
    summary = (
        f"{ledger.kills} kills, {len(ledger.promised)} promised, {len(lost)} lost, {len(doubled)} with two second ways, "
        f"{again} sent again by theirs"
    )
    print(summary)
    record_property("crash", summary)
    assert not ledger.refused
    assert not lost, story
    assert not doubled, doubled[:20]
    assert len(ledger.promised) > HALF * 5, "too little was sent for the test to mean anything"
