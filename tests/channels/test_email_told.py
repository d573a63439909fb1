"""An answer to a mail is offered to the operator's scripts, and told to the company's own programs."""

from __future__ import annotations

import asyncio
import json
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from heliograph.channels.email.channel import EmailChannel
from heliograph.config.settings import EventSettings, ScriptSettings
from heliograph.core.lifecycle import State
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.running import KEY, Town, a_town
from heliograph.testing.servers.reports import hand_in
from heliograph.testing.servers.smtp import SmtpServer
from heliograph.testing.servers.webhook import WebhookServer
from heliograph.testing.tools import LOOPBACK
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

KEEPER = "keeper@coast.example"
SCRIPT = """
from heliograph.scripts import Event, IncomingMessage, Reject


def before_create_message(incoming_message: IncomingMessage, event: Event) -> None:
    if "cheap lamps" in incoming_message.content:
        raise Reject("No advertising.")
    incoming_message.content = f"[{incoming_message.subject}, to {incoming_message.parent_messaging_id}] " + (
        incoming_message.content
    )
"""


@asynccontextmanager
async def a_street(folder: Path, **areas: Any) -> AsyncIterator[tuple[Town, SmtpServer, int]]:
    async with SmtpServer() as server:
        mail = {
            "kind": "email",
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "sender": "lamp@light.example",
            "reply_address": "re@light.example",
            "inbound_port": 0,
        }
        channels = {"inbox": {"kind": "inbox"}, "mail": mail}
        async with a_town(folder / "data", channels=channels, outbound=LOOPBACK, **areas) as town:
            channel = town.app.channels["mail"]
            assert isinstance(channel, EmailChannel)
            yield town, server, channel.inbound_port


async def asked(town: Town, server: SmtpServer) -> tuple[int, str]:
    """A mail of keeper101's: its message id, and where it is answered."""
    message = OutgoingMessage(to=KEEPER, content="Fog?", suggested_session_key="fog")
    arguments = {"plugin": "mail", "outgoing_messages": [message]}
    [status] = (await town.app.services.call("SendMessages", arguments, town.caller)).result
    return status.messaging_id, server.mails[-1].message["Reply-To"].addresses[0].addr_spec


def written(text: str) -> bytes:
    return f"From: {KEEPER}\r\nSubject: Re: Fog\r\n\r\n{text}\r\n".encode()


async def test_a_script_sees_what_is_answered_and_may_change_or_refuse_it(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "answers.py").write_text(SCRIPT)
    async with a_street(tmp_path, scripts=ScriptSettings(folder=folder, workers=1)) as (town, server, port):
        message_id, reply_to = await asked(town, server)
        await asyncio.to_thread(hand_in, port, reply_to, written("Thick as wool."), sender=KEEPER)
        [item] = await town.inbox(1)
        assert item.body == f"[Re: Fog, to {message_id}] Thick as wool."
        with pytest.raises(smtplib.SMTPDataError, match="Nobody takes this message"):
            await asyncio.to_thread(hand_in, port, reply_to, written("Buy cheap lamps"), sender=KEEPER)
        assert len(await town.inbox(1)) == 1


async def test_the_companys_own_program_is_told_what_came_in_and_what_it_answers(tmp_path: Path) -> None:
    async with WebhookServer() as endpoint, a_street(tmp_path, webhooks=EventSettings(allow_http=True)) as street:
        town, server, port = street
        given = {"CompanyId": 1, "IntegrationKey": KEY, "Url": endpoint.url}
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        made = await town.ask("POST", "/api/v2/webhook", headers, json.dumps(given).encode())
        assert made.status == 200, made.text
        message_id, reply_to = await asked(town, server)
        await asyncio.to_thread(hand_in, port, reply_to, written("Thick as wool."), sender=KEEPER)
        [request] = await until(
            lambda: [request for request in endpoint.requests if request.json["type"] == "message.received"]
        )
        assert (request.json["data"]["parent_id"], request.json["data"]["session_key"]) == (message_id, "fog")
        [delivery] = await town.app.store.outbox.deliveries([message_id])
        assert delivery.state is State.REPLIED
