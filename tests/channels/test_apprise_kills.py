"""A gateway whose apprise workers are killed again and again delivers every message, and accounts for each."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from heliograph.channels.apprise.channel import AppriseChannel
from heliograph.config.settings import MessagingSettings
from heliograph.core.lifecycle import State
from heliograph.testing.running import a_town
from heliograph.testing.servers.webhook import Answer, WebhookServer

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
MESSAGES, KILLS = 40, 6


async def test_every_message_arrives_although_workers_are_killed_under_it(tmp_path: Path) -> None:
    dice = random.Random(7)
    async with WebhookServer(default=Answer(status=200, delay=0.05)) as web:
        targets = {"j": f"json://127.0.0.1:{web.port}/in"}
        channels = {"inbox": {"kind": "inbox"}, "team": {"kind": "apprise", "targets": targets}}
        async with a_town(tmp_path, channels=channels, messaging=MessagingSettings(wait=0)) as town:
            headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
            messages = [{"To": "j", "Content": f"lamp {number}"} for number in range(MESSAGES)]
            call = msgspec.json.encode({"Plugin": "team", "OutgoingMessages": messages})
            answer = await town.ask("POST", "/api/v1/Agents/Messaging/SendMessages", headers, call)
            ids = [each["MessagingId"] for each in msgspec.json.decode(answer.body)]
            channel = town.app.channels["team"]
            assert isinstance(channel, AppriseChannel)
            for _ in range(KILLS):
                await asyncio.sleep(0.1 + dice.random() * 0.4)
                for pid in channel.crew.pids[:1]:
                    os.kill(pid, signal.SIGKILL)
            states: Counter[State] = Counter()
            async with asyncio.timeout(45):
                while states != {State.SENT: MESSAGES}:
                    await asyncio.sleep(0.2)
                    states = Counter(each.state for each in await town.app.store.outbox.deliveries(ids))
            attempts = await town.app.store.outbox.attempts(
                [each.id for each in await town.app.store.outbox.deliveries(ids)]
            )
        arrived = Counter(request.json["message"] for request in web.requests)
    assert set(arrived) == {f"lamp {number}" for number in range(MESSAGES)}
    in_doubt = sum("in doubt" in attempt.detail for attempt in attempts)
    assert sum(arrived.values()) - MESSAGES <= in_doubt  # nothing came twice but what was in doubt
    assert in_doubt <= KILLS
