"""A gateway that is killed while mail comes in loses no answer it took, and keeps none twice when it comes again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import smtplib
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.ports import free_port

from heliograph.core.lifecycle import State
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.running import a_town
from heliograph.testing.servers.reports import delivery_report, hand_in
from heliograph.testing.servers.smtp import SmtpServer
from heliograph.testing.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KILLS, MAILS = 6, 60
KEEPER = "keeper@coast.example"


def channels(port: int, inbound: int) -> dict[str, dict[str, Any]]:
    mail = {
        "kind": "email",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "lamp@light.example",
        "bounce_address": "bounces@light.example",
        "reply_address": "re@light.example",
        "inbound_port": inbound,
    }
    return {"inbox": {"kind": "inbox"}, "mail": mail}


def as_toml(tables: dict[str, dict[str, Any]]) -> str:
    lines = [
        f"[channels.{name}]\n" + "".join(f"{k} = {v!r}\n" for k, v in table.items()) for name, table in tables.items()
    ]
    return "\n".join(lines).replace("'", '"')


@asynccontextmanager
async def serving(folder: Path, inbound: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A gateway of its own process, once mail can come in; killed when the test is done with it."""
    words = (
        "-m",
        "heliograph",
        "serve",
        "--config",
        str(folder / "mail.toml"),
        "--data",
        str(folder / "data"),
        "--port",
        "0",
    )
    environment = os.environ | {"HELIOGRAPH_LOG__LEVEL": "error"}
    process = await asyncio.create_subprocess_exec(sys.executable, *words, env=environment, start_new_session=True)
    try:
        await until(lambda: listens(inbound))
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


class Queue:
    """A mail server's: what was not answered with 250 is handed in again."""

    def __init__(self, inbound: int, mails: dict[str, bytes]) -> None:
        self._inbound = inbound
        self.waiting = dict(mails)  # by recipient
        self.tries: Counter[str] = Counter()

    def run(self, stop: asyncio.Event) -> None:
        """Hand in what waits until nothing does, or until told to stop."""
        for recipient, content in list(self.waiting.items()):
            if stop.is_set():
                return
            self.tries[recipient] += 1
            sender = "" if recipient.startswith("bounces") else KEEPER
            with contextlib.suppress(smtplib.SMTPException, OSError):
                hand_in(self._inbound, recipient, content, sender=sender, timeout=60.0)
                del self.waiting[recipient]


async def sent(folder: Path, inbound: int) -> list[tuple[int, str, str]]:
    """Mails of the gateway's: message id, envelope sender, and address for answers."""
    async with SmtpServer() as server:
        (folder / "mail.toml").write_text(as_toml(channels(server.port, inbound)))
        async with a_town(folder / "data", channels=channels(server.port, inbound)) as town:
            messages = [OutgoingMessage(to=f"keeper{n}@coast.example", content=f"Fog {n}?") for n in range(MAILS)]
            arguments = {"plugin": "mail", "outgoing_messages": messages}
            statuses = (await town.app.services.call("SendMessages", arguments, town.caller)).result
        by_recipient = {mail.recipients[0]: mail for mail in server.mails}
    found = []
    for n, status in enumerate(statuses):
        mail = by_recipient[f"keeper{n}@coast.example"]
        found.append((status.messaging_id, mail.sender, mail.message["Reply-To"].addresses[0].addr_spec))
    return found


def answer(n: int) -> bytes:
    return f"From: {KEEPER}\r\nSubject: Re: Fog\r\nMessage-ID: <{n}@coast.example>\r\n\r\nanswer {n}.\r\n".encode()


async def test_answers_and_reports_survive_kills_and_count_once(tmp_path: Path) -> None:
    inbound, chance = free_port(), random.Random(7)
    mails = await sent(tmp_path, inbound)
    half = MAILS // 2
    told = {reply_to: answer(n) for n, (_, _, reply_to) in enumerate(mails[:half])}
    told |= {envelope: delivery_report("x", "5.1.1", "No such user") for _, envelope, _ in mails[half:]}
    queue = Queue(inbound, told)
    kills = 0
    for _ in range(KILLS + 3):
        async with serving(tmp_path, inbound):
            stop = asyncio.Event()
            working = asyncio.create_task(asyncio.to_thread(queue.run, stop))
            if kills < KILLS:
                kills += 1
                await asyncio.sleep(chance.uniform(0.005, 0.06))
            else:
                await working
        stop.set()
        await working
        if not queue.waiting:
            break
    assert queue.waiting == {}
    assert kills == KILLS
    async with a_town(tmp_path / "data", channels=channels(1, free_port())) as town:
        items = await town.inbox(half)
        assert Counter(item.body for item in items) == Counter(f"answer {n}." for n in range(half))
        deliveries = await town.app.store.outbox.deliveries([id for id, _, _ in mails])
        states = {delivery.message_id: delivery.state for delivery in deliveries}
        assert [states[id] for id, _, _ in mails[:half]] == [State.REPLIED] * half
        assert [states[id] for id, _, _ in mails[half:]] == [State.UNDELIVERED] * (MAILS - half)
        suppressed = await town.app.store.suppressions.suppressions("mail", before=None, limit=1000)
        assert len(suppressed) == MAILS - half
    print(f"\n{kills} kills, {sum(queue.tries.values()) - len(told)} mails handed in again")
