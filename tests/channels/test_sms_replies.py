"""A text from a phone answers the newest one that was sent to it: linked, told, and over a restart."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from heliograph.channels.http_sms.proof import url_and_form
from heliograph.channels.smpp.pdu import Sm
from heliograph.core.lifecycle import State
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.running import Town, a_town
from heliograph.testing.servers.smsc import Smsc
from heliograph.testing.servers.webhook import Answer, WebhookServer
from heliograph.testing.tools import LOOPBACK
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio


def channels(smsc: Smsc) -> dict[str, dict[str, Any]]:
    sms = {"kind": "smpp", "host": "127.0.0.1", "port": smsc.port, "system_id": "lamp", "password": "secret"}
    return {"inbox": {"kind": "inbox"}, "sms": sms | {"replies_to": "keeper101", "replies_company": 1}}


async def send(town: Town, **text: Any) -> int:
    message = OutgoingMessage(**{"to": "+4712345678", "content": "Fog?", "from_": "26112"} | text)
    arguments = {"plugin": "sms", "outgoing_messages": [message]}
    [status] = (await town.app.services.call("SendMessages", arguments, town.caller)).result
    assert status.status == 1
    return int(status.messaging_id)


async def status(town: Town, message_id: int) -> int:
    [told] = (await town.app.services.call("GetDeliveryStatus", {"messaging_ids": [message_id]}, town.caller)).result
    return int(told.status)


async def bound(smsc: Smsc) -> None:
    await until(lambda: smsc.bound)


async def test_an_answer_makes_the_text_replied_and_is_in_its_session(tmp_path: Path) -> None:
    async with Smsc() as smsc:
        async with a_town(tmp_path, channels=channels(smsc)) as town:
            first = await send(town)
            second = await send(town, suggested_session_key="fog")
            elsewhere = await send(town, from_="26113")
        async with a_town(tmp_path, channels=channels(smsc)) as town:
            await bound(smsc)
            answer = Sm(source="4712345678", source_ton=1, to="26112", text=b"Thick as wool")
            assert await smsc.deliver(answer) == 0
            [item] = await town.inbox(1)
            assert (item.body, item.data) == ("Thick as wool", {"parent_id": str(second), "session_key": "fog"})
            assert [await status(town, id) for id in (first, second, elsewhere)] == [1, 4, 1]
            view = await town.app.query.message(second)
            assert view.deliveries[0].state is State.REPLIED
            assert [one.id for one in view.follow_ups] == [item.message_id]


async def test_a_text_that_answers_nothing_comes_in_all_the_same(tmp_path: Path) -> None:
    async with Smsc() as smsc, a_town(tmp_path, channels=channels(smsc)) as town:
        await bound(smsc)
        sent = await send(town)
        assert await smsc.deliver(Sm(source="4799999999", source_ton=1, to="26112", text=b"Hello")) == 0
        [item] = await town.inbox(1)
        assert item.data == {}
        assert await status(town, sent) == 1


KEY = "lamp0lamp1lamp2lamp3"
TOKEN = "token-of-the-account"
ADDRESS = "https://gateway.example/callbacks/sms"
ACCOUNTS = {
    "twilio": {"twilio_account_sid": "AC7", "twilio_auth_token": TOKEN},
    "vonage": {"vonage_api_key": "k", "vonage_api_secret": "s"},
    "infobip": {"infobip_api_key": "k"},
    "cm": {"cm_product_token": "k"},
    "pswincom": {"pswin_username": "u", "pswin_password": "p"},
}
TWICE = ("cm", "pswincom")  # they give a text no id of its own
ANSWERED = {
    "twilio": b'{"sid": "SM7"}',
    "vonage": b'{"messages": [{"message-id": "SM7", "status": "0"}]}',
    "infobip": b'{"messages": [{"messageId": "SM7", "status": {"groupId": 1}}]}',
    "cm": b'{"details": "Created 1 message(s)", "errorCode": 0, "messages": [{"status": "Accepted", "messageErrorCode": 0}]}',
    "pswincom": b"0 OK",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signed(pairs: dict[str, str]) -> dict[str, str]:
    return FORM | {"X-Twilio-Signature": url_and_form(ADDRESS, list(pairs.items()), TOKEN)}


def called(profile: str, text: str, id: str) -> tuple[str, str, dict[str, str], bytes]:
    """How each provider hands a text from a phone in, as its documentation shows: verb, address, headers, body."""
    match profile:
        case "twilio":
            pairs = {
                "MessageSid": id,
                "From": "+4712345678",
                "To": "+4726112000",
                "Body": text,
                "SmsStatus": "received",
            }
            return "POST", "/callbacks/sms", signed(pairs), urlencode(pairs).encode()
        case "vonage":
            pairs = {"msisdn": "4712345678", "to": "4726112000", "messageId": id, "text": text, "type": "text"}
            return "GET", f"/callbacks/sms?key={KEY}&{urlencode(pairs)}", {}, b""
        case "pswincom":
            pairs = {"ID": "1", "SND": "4712345678", "RCV": "26112000", "TXT": text}
            body = urlencode(pairs, encoding="iso-8859-1").encode()
            return "POST", f"/callbacks/sms?key={KEY}", FORM, body
        case "cm":
            told = {"from": {"number": "004712345678"}, "to": {"number": "004726112000"}, "message": {"text": text}}
            body = json.dumps(told | {"reference": "", "groupings": ["", "", ""], "channel": "SMS"}).encode()
            return "POST", f"/callbacks/sms?key={KEY}", {"Content-Type": "application/json"}, body
        case _:
            one = {"messageId": id, "from": "4712345678", "to": "4726112000", "text": text, "smsCount": 1}
            body = json.dumps({"results": [one], "messageCount": 1, "pendingMessageCount": 0}).encode()
            return "POST", f"/callbacks/sms?key={KEY}", {"Content-Type": "application/json"}, body


@asynccontextmanager
async def a_provider(folder: Path, profile: str, **changes: Any) -> AsyncIterator[Town]:
    status = 201 if profile == "twilio" else 200
    async with WebhookServer(default=Answer(status=status, body=ANSWERED[profile])) as provider:
        key = {} if profile == "twilio" else {"callback_key": KEY}
        sms = {"kind": "http_sms", "profile": profile, "options": ACCOUNTS[profile], "callback_url": ADDRESS, **key}
        sms |= {"base_url": provider.url, "replies_to": "keeper101", **changes}
        async with a_town(folder, channels={"inbox": {"kind": "inbox"}, "sms": sms}, outbound=LOOPBACK) as town:
            yield town


@pytest.mark.parametrize("profile", ACCOUNTS)
async def test_a_provider_hands_an_answer_in_once_and_it_is_in_its_thread(tmp_path: Path, profile: str) -> None:
    async with a_provider(tmp_path, profile) as town:
        from_ = "+4726112000" if profile != "pswincom" else "26112000"
        sent = await send(town, from_=from_, suggested_session_key="fog")
        for _ in range(1 if profile in TWICE else 2):
            heard = await town.ask(*called(profile, "Tåke, tykk som ull", "M-1"))
            assert heard.status == 200
        [item] = await town.inbox(1)
        assert (item.title, item.body) == ("+4712345678", "Tåke, tykk som ull")
        assert item.data == {"parent_id": str(sent), "session_key": "fog"}
        assert await status(town, sent) == 4
        assert heard.text == {"twilio": "<Response></Response>"}.get(profile, "")
        assert (await town.ask(*called(profile, "More", "M-2"))).status == 200
        assert len(await town.inbox(2)) == 2


@pytest.mark.parametrize("profile", ACCOUNTS)
async def test_who_is_not_the_provider_hands_nothing_in(tmp_path: Path, profile: str) -> None:
    async with a_provider(tmp_path, profile) as town:
        verb, target, headers, body = called(profile, "Fog", "M-1")
        forged = {name: value[:-2] + "x=" if "Signature" in name else value for name, value in headers.items()}
        assert (await town.ask(verb, target.replace(KEY, "guess"), forged, body)).status == 401
        assert await town.inbox(0) == []


@pytest.mark.parametrize("profile", ACCOUNTS)
async def test_where_nobody_takes_texts_they_are_refused(tmp_path: Path, profile: str) -> None:
    async with a_provider(tmp_path, profile, replies_to="") as town:
        assert (await town.ask(*called(profile, "Fog", "M-1"))).status == 404
