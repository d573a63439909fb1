"""A gateway that is killed between the parts of long SMS sends each part once, but for the one whose answer was under way."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from heliograph.channels.smpp.pdu import Sm
from heliograph.core.lifecycle import State
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.running import a_town
from heliograph.testing.servers.smsc import Smsc, receipt_for
from heliograph.testing.waiting import until

from .test_sms_in import channels, serving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KILLS, MESSAGES, PARTS = 6, 4, 8


def part_of(sm: Sm) -> tuple[str, int]:
    """Which message and part a submit is."""
    assert sm.text[4] == PARTS
    return sm.to, sm.text[5]


async def test_parts_that_were_taken_are_not_sent_again_after_a_kill(tmp_path: Path) -> None:
    chance = random.Random(5)
    async with Smsc(delay=0.04) as smsc:
        tables = channels(smsc.port)
        (tmp_path / "sms.toml").write_text(
            "\n".join(f"[channels.{n}]\n" + "".join(f"{k} = {v!r}\n" for k, v in t.items()) for n, t in tables.items())
        )
        away = channels(smsc.port) | {"sms": tables["sms"] | {"port": 1}}
        async with a_town(tmp_path / "data", channels=away) as town:
            messages = [OutgoingMessage(to=f"+471234567{n}", content="Fog. " * 240) for n in range(MESSAGES)]
            arguments = {"plugin": "sms", "outgoing_messages": messages}
            statuses = (await town.app.services.call("SendMessages", arguments, town.caller)).result
        ids = [status.messaging_id for status in statuses]
        for kill in range(KILLS + 1):
            async with serving(tmp_path, smsc):
                if kill < KILLS:
                    await asyncio.sleep(chance.uniform(0.02, 0.2))
                else:
                    await everything_sent(smsc)
        sent = Counter(map(part_of, smsc.submitted))
        assert len(sent) == MESSAGES * PARTS
        again = sum(sent.values()) - len(sent)
        print(f"{KILLS} kills, {MESSAGES * PARTS} parts, {again} sent once more")
        assert again <= KILLS * MESSAGES, "each kill can leave one part of each message in doubt"
        async with a_town(tmp_path / "data", channels=channels(smsc.port)) as town:
            await until(lambda: smsc.bound)
            last = {part_of(sm): (sm, f"m-{number}") for number, sm in enumerate(smsc.submitted, start=1)}
            for sm, id in last.values():
                assert await smsc.deliver(receipt_for(sm, id)) == 0
            deliveries = await town.app.store.outbox.deliveries(ids)
            assert [delivery.state for delivery in deliveries] == [State.DELIVERED] * MESSAGES


async def everything_sent(smsc: Smsc) -> None:
    """Until nothing has been submitted for a while."""
    await until(lambda: set(map(part_of, smsc.submitted)), lambda parts: len(parts) == MESSAGES * PARTS)
    before = -1
    while before != len(smsc.submitted):
        before = len(smsc.submitted)
        await asyncio.sleep(1.0)
