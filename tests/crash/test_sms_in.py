"""A gateway that is killed while a message centre speaks to it loses no receipt and no text it took, and keeps none twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.channels.smpp.pdu import Sm
from heliograph.testing.running import a_town
from heliograph.testing.servers.smsc import Smsc, receipt_for
from heliograph.testing.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KILLS, TEXTS, RECEIPTS = 8, 60, 60
PHONE = Sm(source="4712345678", source_ton=1, to="26112", esm_class=0x40)


def channels(port: int) -> dict[str, dict[str, Any]]:
    sms = {"kind": "smpp", "host": "127.0.0.1", "port": port, "system_id": "lamp", "password": "secret"}
    return {"inbox": {"kind": "inbox"}, "sms": sms | {"replies_to": "keeper101"}}


@asynccontextmanager
async def serving(folder: Path, smsc: Smsc) -> AsyncIterator[None]:
    """A gateway of its own process, once it is bound; killed when the test is done with it."""
    words = ("serve", "--config", str(folder / "sms.toml"), "--data", str(folder / "data"), "--port", "0")
    environment = os.environ | {"HELIOGRAPH_LOG__LEVEL": "error"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "heliograph", *words, env=environment, start_new_session=True
    )
    try:
        await until(lambda: smsc.bound)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await until(lambda: not smsc.bound)


def texts() -> list[Sm]:
    """Each in two parts, from phones of its own so that references need not differ."""
    parts = []
    for n in range(TEXTS):
        for number, said in enumerate((f"text {n} begins ", "and ends."), start=1):
            phone = replace(PHONE, source=f"47{10_000_000 + n}")
            parts.append(replace(phone, text=bytes([5, 0, 3, 1, 2, number]) + said.encode()))
    return parts


async def deliver(smsc: Smsc, waiting: list[Sm]) -> None:
    """One after the other, as a message centre does: what is not answered with 0 comes again."""
    while waiting:
        try:
            status = await smsc.deliver(waiting[0], within=3.0)
        except (TimeoutError, IndexError, OSError):
            return
        if status:
            await asyncio.sleep(0.01)
        else:
            waiting.pop(0)


async def test_what_a_message_centre_was_told_is_kept_is_there_after_kills(tmp_path: Path) -> None:
    chance = random.Random(11)
    async with Smsc() as smsc:
        tables = channels(smsc.port)
        (tmp_path / "sms.toml").write_text(
            "\n".join(f"[channels.{n}]\n" + "".join(f"{k} = {v!r}\n" for k, v in t.items()) for n, t in tables.items())
        )
        async with a_town(tmp_path / "data", channels={"inbox": {"kind": "inbox"}}):
            pass
        waiting = texts() + [receipt_for(Sm(to="4799999999", source="26112"), f"id-{n}") for n in range(RECEIPTS)]
        chance.shuffle(waiting)
        kills = 0
        while waiting:
            async with serving(tmp_path, smsc):
                speaking = asyncio.create_task(deliver(smsc, waiting))
                if kills < KILLS:
                    kills += 1
                    await asyncio.wait([speaking], timeout=chance.uniform(0.005, 0.08))
                else:
                    await speaking
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        assert kills == KILLS
    async with a_town(tmp_path / "data", channels={"inbox": {"kind": "inbox"}}) as town:
        items = await town.inbox(TEXTS)
        assert Counter(item.body for item in items) == Counter(f"text {n} begins and ends." for n in range(TEXTS))
        parked = await town.app.store.notes.find("sms", "receipt")
        assert sorted(note.key.partition("/")[0] for note in parked) == sorted(f"id-{n}" for n in range(RECEIPTS))
        assert await town.app.store.notes.find("sms", "text") == []
