"""SMPP with peers we did not write: our channel with npm's message centre; npm's client and Kannel with our fake."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import urllib.parse
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.interop.clients import HERE, NODE_MODULES, Missing, program, run
from tests.ports import free_ports

from heliograph.channels.registry import build_channel
from heliograph.channels.smpp.channel import SmppChannel
from heliograph.core.delivery import Acceptance, Address, Letter, Record
from heliograph.core.lifecycle import Happening, State
from heliograph.core.outcome import Accepted, Deferred
from heliograph.core.reporting import Arrival
from heliograph.intake.reports import ProviderReports
from heliograph.store.memory import MemoryStore
from heliograph.testing.asking import ask
from heliograph.testing.builders import a_delivery, a_letter, a_message, a_text
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.clock import JumpingClock
from heliograph.testing.servers.smsc import Receipts, Smsc, words
from heliograph.testing.tools import some_tools
from heliograph.testing.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TO = "+4712345678"
GSM = "Tåke & {fyr} [1] \\ ^ ~ | € @ £ Δ ß ¿"
WIDE = "Łódź 灯台 \U0001f5fc"
LONG_GSM, LONG_WIDE = "€{å}" * 60, "\U0001f5fcł" * 60


def node() -> str:
    """Raises Missing without Node.js or the package."""
    found = program("node")
    if not (NODE_MODULES / "smpp").is_dir():
        raise Missing("the npm package 'smpp' is not installed")
    return found


def needed(part: Callable[..., str], *arguments: str) -> str:
    try:
        return part(*arguments)
    except Missing as missing:
        pytest.skip(f"{missing}; `make interop` installs it")


class Peer:
    """npm's message centre, a process of its own; `told` holds what it was given."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[dict[str, Any]] = []

    async def line(self, key: str) -> dict[str, Any]:
        """The next thing it tells that has this key."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            while True:
                found: dict[str, Any] = json.loads(await self._process.stdout.readline())
                self.told.append(found)
                if key in found:
                    return found

    async def parts(self, many: int) -> list[dict[str, Any]]:
        """The next so many messages it was given."""
        return [await self.line("text") for _ in range(many)]


@asynccontextmanager
async def peer() -> AsyncIterator[tuple[Peer, int]]:
    command = (needed(node), str(HERE / "smpp" / "server.js"))
    environment = os.environ | {"NODE_PATH": str(NODE_MODULES)}
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    try:
        centre = Peer(process)
        yield centre, (await centre.line("port"))["port"]
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def bound(port: int, clock: JumpingClock, **settings: Any) -> AsyncIterator[SmppChannel]:
    tools = some_tools(clock, **settings.pop("tools", {}))
    values = {"host": "127.0.0.1", "port": port, "system_id": "lamp", "password": "secret", **settings}
    channel = build_channel("sms", {"kind": "smpp", **values}, tools)
    assert isinstance(channel, SmppChannel)
    try:
        yield channel
    finally:
        await channel.close()
        await tools.transport.close()


def letter(text: str, **changes: Any) -> Letter:
    content = a_text(sender="Lighthouse", to=TO, body=text)
    return a_letter(address=Address(value=TO), message=a_message(content=content), **changes)


async def test_npms_message_centre_reads_what_we_submit(clock: JumpingClock) -> None:
    async with peer() as (centre, port), bound(port, clock) as channel:
        assert (await channel.check()).ok
        for text, coding in ((GSM, 0), (WIDE, 8)):
            sent = await channel.send(letter(text))
            assert isinstance(sent, Accepted)
            told = await centre.line("text")
            assert (told["text"], told["data_coding"], told["id"]) == (text, coding, sent.provider_id)
            assert (told["source"], told["source_ton"], told["to"]) == ("Lighthouse", 5, "4712345678")
        slow = await channel.send(letter("slow down"))
        assert isinstance(slow, Deferred)
        assert slow.lane
        await channel.close()
        assert (await centre.line("unbound"))["unbound"]


@pytest.mark.parametrize(("text", "many"), [(LONG_GSM, 3), (LONG_WIDE, 3)], ids=["gsm", "ucs-2"])
@pytest.mark.parametrize(("long", "bits"), [("udh", 8), ("udh", 16), ("sar", 8), ("payload", 8)])
async def test_npms_message_centre_joins_our_parts(
    clock: JumpingClock, text: str, many: int, long: str, bits: int
) -> None:
    async with peer() as (centre, port), bound(port, clock, long=long, reference=bits) as channel:
        assert isinstance(await channel.send(letter(text, delivery_id=0x0102)), Accepted)
        told = await centre.parts(1 if long == "payload" else many)
        assert "".join(part["text"] for part in told) == text
        total = len(told)
        for number, part in enumerate(told, start=1):
            if long == "udh":
                head = "000302" if bits == 8 else "08040102"
                assert part["header"] == [f"{head}{total:02x}{number:02x}"]
            elif long == "sar":
                assert part["sar"] == [0x0102, total, number]


async def test_npms_receipt_reaches_the_delivery(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    delivery = a_delivery(channel="sms", address=TO, state=State.LEASED)
    await store.outbox.accept(Acceptance(messages=(a_message(),), deliveries=(delivery,)))
    reports = {"reports": ProviderReports(store.outbox, clock, store.parts)}
    async with peer() as (centre, port), bound(port, clock, tools=reports) as channel:
        sent = await channel.send(letter(GSM))
        assert isinstance(sent, Accepted)
        accepted = Record(delivery_id=1, happening=Happening.ACCEPTED, at=NOON, provider_id=sent.provider_id)
        await store.outbox.record([accepted])
        assert (await centre.line("answered"))["answered"] == 0
        for _ in range(3000):
            [found] = await store.outbox.deliveries([1])
            if found.state is State.DELIVERED:
                return
            await clock.jump(1)
            await asyncio.sleep(0.01)
        raise AssertionError("the receipt did not arrive")


async def test_npms_receipts_of_all_parts_make_a_long_sms_delivered(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    delivery = a_delivery(channel="sms", address=TO, state=State.LEASED)
    await store.outbox.accept(Acceptance(messages=(a_message(),), deliveries=(delivery,)))
    kept = {"reports": ProviderReports(store.outbox, clock, store.parts), "parts": store.parts, "notes": store.notes}
    async with peer() as (centre, port), bound(port, clock, tools=kept) as channel:
        sent = await channel.send(letter(LONG_GSM))
        assert isinstance(sent, Accepted)
        accepted = Record(delivery_id=1, happening=Happening.ACCEPTED, at=NOON, provider_id=sent.provider_id)
        await store.outbox.record([accepted])
        for _ in range(3):
            assert (await centre.line("answered"))["answered"] == 0
        for _ in range(3000):
            [found] = await store.outbox.deliveries([1])
            if found.state is State.DELIVERED:
                assert found.detail == "all 3 parts have arrived"
                return
            await clock.jump(1)
            await asyncio.sleep(0.01)
        raise AssertionError("the receipts did not arrive")


async def test_npms_message_centre_throttles_and_the_try_is_not_counted(clock: JumpingClock) -> None:
    async with peer() as (_, port), bound(port, clock) as channel:
        sent = await channel.send(letter("slow down"))
        assert isinstance(sent, Deferred)
        assert (sent.lane, sent.charged) == (True, False)


async def test_what_npms_message_centre_brings_in_parts_arrives_as_one(clock: JumpingClock) -> None:
    taken: list[Arrival] = []

    async def take(channel: str, arrival: Arrival) -> None:
        taken.append(arrival)

    async with peer() as (centre, port), bound(port, clock, replies_to="keeper101") as channel:
        await channel.listen(take)
        assert isinstance(await channel.send(letter("write to me")), Accepted)
        assert (await centre.line("joined"))["joined"] == 0
        assert [(arrival.sender, arrival.text) for arrival in taken] == [(TO, "Båten Łódź kommer € hjem")]


async def test_npms_message_centre_refuses_a_wrong_password(clock: JumpingClock) -> None:
    async with peer() as (_, port), bound(port, clock, password="sesame") as channel:
        sent = await channel.send(letter(GSM))
        assert isinstance(sent, Deferred)
        assert "0xE" in sent.pause


async def test_npms_client_is_served_by_our_fake() -> None:
    command = [needed(node), str(HERE / "smpp" / "client.js")]
    async with Smsc(receipts=Receipts.TLV) as smsc:
        story = {"STORY_URL": f"smpp://127.0.0.1:{smsc.port}", "STORY_TEXTS": json.dumps([GSM, WIDE])}
        told = await asyncio.to_thread(run, command, story)
        assert told == {"bound": "0", "alive": "0", "ids": "m-1,m-2", "receipts": "m-1:2,m-2:2"}
        assert list(map(words, smsc.submitted)) == [GSM, WIDE]
        assert (smsc.enquiries, smsc.unbinds) == (1, 1)


# --------------------------------------------------------------------------------------------- Kannel

KANNEL = """
group = core
admin-port = {admin}
admin-password = secret
smsbox-port = {box}
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = fake
host = 127.0.0.1
port = {port}
smsc-username = lamp
smsc-password = secret
system-type = ""
transceiver-mode = true
enquire-link-interval = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {web}

group = sendsms-user
username = keeper
password = secret
concatenation = true
max-messages = 10
"""


@asynccontextmanager
async def kannel(smsc: Smsc, folder: Path) -> AsyncIterator[str]:
    """Kannel bound to our fake; the address that takes messages."""
    bearerbox, smsbox = needed(program, "bearerbox"), needed(program, "smsbox")
    admin, box, web = free_ports(3)
    config = folder / "kannel.conf"
    config.write_text(KANNEL.format(admin=admin, box=box, web=web, port=smsc.port), encoding="utf-8")
    quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL, "cwd": folder}
    started: list[asyncio.subprocess.Process] = []
    try:
        started.append(await asyncio.create_subprocess_exec(bearerbox, str(config), **quiet))  # type: ignore[arg-type]
        await until(lambda: smsc.bound == 1)
        started.append(await asyncio.create_subprocess_exec(smsbox, str(config), **quiet))  # type: ignore[arg-type]
        await until(lambda: answers(web))
        yield f"http://127.0.0.1:{web}"
    finally:
        for process in reversed(started):
            process.kill()
            await process.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


async def test_kannel_is_served_by_our_fake(tmp_path: Path) -> None:
    async with Smsc(receipts=Receipts.TLV) as smsc, kannel(smsc, tmp_path) as url:
        for text, coding in ((GSM, "0"), (WIDE, "2"), (LONG_GSM, "0")):
            before = len(smsc.submitted)
            query = {"username": "keeper", "password": "secret", "from": "26112", "to": TO, "text": text}
            query |= {"charset": "UTF-8", "coding": coding, "dlr-mask": "3"}
            answer = await ask(url, "GET", f"/cgi-bin/sendsms?{urllib.parse.urlencode(query)}")
            assert answer.status == 202
            await until(
                lambda before=before, text=text: "".join(map(words, smsc.submitted[before:])) == text  # type: ignore[misc]
            )
        await until(lambda: smsc.enquiries > 0)
        assert smsc.binds == 1
