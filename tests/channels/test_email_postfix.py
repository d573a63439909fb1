"""With a real Postfix between: it takes our mail, sends it on, bounces it to us, and brings us answers."""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from tests.channels.postfix import Postfix, a_postfix, needs_postfix
from tests.ports import free_port

from heliograph.channels.email.channel import EmailChannel
from heliograph.core.delivery import Delivery
from heliograph.core.lifecycle import State
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.running import Town, a_town
from heliograph.testing.servers.smtp import SmtpServer
from heliograph.testing.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow, needs_postfix]

KEEPER = "keeper@coast.example"


@asynccontextmanager
async def a_street(folder: Path, **changes: Any) -> AsyncIterator[tuple[Town, Postfix, SmtpServer]]:
    """A gateway, its relay, and the mail server of coast.example."""
    inbound = free_port()
    async with (
        SmtpServer(utf8=True) as coast,
        a_postfix({"coast.example": coast.port, "light.example": inbound}) as relay,
    ):
        mail = {
            "kind": "email",
            "host": "127.0.0.1",
            "port": relay.port,
            "security": "none",
            "sender": "lamp@light.example",
            "bounce_address": "bounces@light.example",
            "reply_address": "re@light.example",
            "inbound_port": inbound,
            "timeout": 5.0,
        }
        channels = {"inbox": {"kind": "inbox"}, "mail": mail | changes}
        async with a_town(folder, channels=channels) as town:
            yield town, relay, coast


async def send(town: Town, **text: Any) -> tuple[int, str]:
    """A mail to the keeper: its message id, and what SendMessages says of it."""
    message = OutgoingMessage(**{"to": KEEPER, "content": "Fog at the cape: båt?"} | text)
    arguments = {"plugin": "mail", "outgoing_messages": [message]}
    [status] = (await town.app.services.call("SendMessages", arguments, town.caller)).result
    assert status.status == 1, status.status_description
    return int(status.messaging_id), str(status.status_description)


async def settled(town: Town, message_id: int, state: State) -> Delivery:
    """The delivery once it is in that state."""
    [delivery] = await until(
        lambda: town.app.store.outbox.deliveries([message_id]), lambda found: found[0].state is state
    )
    return delivery


async def arrived(coast: SmtpServer, count: int = 1) -> None:
    await until(lambda: coast.mails, lambda mails: len(mails) >= count)


async def test_mail_goes_through_it_and_keeps_its_head(tmp_path: Path) -> None:
    async with a_street(tmp_path) as (town, relay, coast):
        sent = [await send(town) for _ in range(3)]
        assert all("queued as" in said for _, said in sent)
        await arrived(coast, 3)
        [delivery] = await town.app.store.outbox.deliveries([sent[0][0]])
        ids = {mail.message["Message-ID"] for mail in coast.mails}
        assert delivery.provider_id in ids
        assert len(ids) == 3
        message = coast.mails[0].message
        assert message.get_content().strip() == "Fog at the cape: båt?"
        assert str(message["Subject"]) == "Fog at the cape: båt?"
        assert relay.log.count("connect from") - relay.log.count("disconnect from") <= 4


async def test_html_and_a_whole_message_go_through_it(tmp_path: Path) -> None:
    async with a_street(tmp_path) as (town, _, coast):
        await send(town, content="<p>Sound the <b>horn</b>", format="text/html")
        await arrived(coast)
        assert [part.get_content_type() for part in coast.mails[0].message.iter_parts()] == ["text/plain", "text/html"]
        whole = "Subject: Fog\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nbåt\n.\n..\n"
        await send(town, content=whole, format="smtp/rfc822")
        await arrived(coast, 2)
        assert coast.mails[1].message.get_content().splitlines() == ["båt", ".", ".."]


async def test_a_name_beyond_ascii_goes_through_it(tmp_path: Path) -> None:
    async with a_street(tmp_path) as (town, _, coast):
        await send(town, to="båt@coast.example")
        await arrived(coast)
        assert coast.mails[0].recipients == ("båt@coast.example",)


async def test_a_mailbox_that_is_not_there_bounces_and_is_not_written_to_again(tmp_path: Path) -> None:
    async with a_street(tmp_path) as (town, relay, coast):
        coast.refuse("RCPT", "550 5.1.1 No such user")
        message_id, _ = await send(town)
        delivery = await settled(town, message_id, State.UNDELIVERED)
        assert delivery.state is State.UNDELIVERED, relay.log
        assert "5.1.1" in delivery.detail
        assert "No such user" in delivery.detail
        [suppressed] = await town.app.store.suppressions.suppressions("mail", before=None, limit=9)
        assert suppressed.address == KEEPER


async def test_a_full_mailbox_bounces_and_is_written_to_again(tmp_path: Path) -> None:
    async with a_street(tmp_path) as (town, relay, coast):
        coast.refuse("RCPT", "552 5.2.2 Mailbox full")
        message_id, _ = await send(town)
        delivery = await settled(town, message_id, State.UNDELIVERED)
        assert (delivery.state, "5.2.2" in delivery.detail) == (State.UNDELIVERED, True), relay.log
        assert await town.app.store.suppressions.suppressions("mail", before=None, limit=9) == []
        await send(town)
        await arrived(coast)


async def test_an_answer_comes_through_it_to_whoever_sent_the_mail(tmp_path: Path) -> None:
    async with a_street(tmp_path) as (town, relay, coast):
        message_id, _ = await send(town, suggested_session_key="fog")
        await arrived(coast)
        answer = EmailMessage()
        answer["From"] = KEEPER
        answer["To"] = coast.mails[0].message["Reply-To"]
        answer["Subject"] = "Re: Tåke"
        answer.set_content("På vei.\n.\nTo punkt: ..")

        def reply() -> None:
            with smtplib.SMTP("127.0.0.1", relay.port, timeout=60) as client:
                client.send_message(answer)

        await asyncio.to_thread(reply)
        assert (await settled(town, message_id, State.REPLIED)).state is State.REPLIED, relay.log
        [item] = await town.inbox(1)
        assert (item.title, item.body) == (f"{KEEPER}: Re: Tåke", "På vei.\n.\nTo punkt: ..")


async def test_a_forged_report_does_not_get_past_our_door(tmp_path: Path) -> None:
    async with a_street(tmp_path) as (town, relay, coast):
        message_id, _ = await send(town)
        await arrived(coast)

        def forge() -> None:
            with smtplib.SMTP("127.0.0.1", relay.port, timeout=60) as client:
                client.sendmail("", ["bounces+b-1-1-aaaaaaaaaaaaaaaa@light.example"], "Subject: x\n\nx")

        await asyncio.to_thread(forge)
        await until(lambda: relay.log, lambda log: "No such address here" in log)
        assert (await settled(town, message_id, State.SENT)).state is State.SENT


async def test_the_relay_being_restarted_is_found_out_before_anything_is_handed_over(tmp_path: Path) -> None:
    async with a_street(tmp_path) as (town, relay, coast):
        await send(town)
        await asyncio.to_thread(_reload, relay)
        await send(town)
        await arrived(coast, 2)
        channel = town.app.channels["mail"]
        assert isinstance(channel, EmailChannel)
        assert (await channel.check()).sentence == "The server answered."


def _reload(relay: Postfix) -> None:
    subprocess.run(["/usr/sbin/postfix", "-c", str(relay.home / "etc"), "reload"], capture_output=True, check=True)
