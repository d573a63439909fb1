"""A whole gateway on a real file and a real port hands SMS over, and tells what became of them, over a restart too."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from heliograph.channels.http_sms.proof import url_and_form
from heliograph.channels.registry import build_channel
from heliograph.channels.smpp.pdu import Sm
from heliograph.core.delivery import Delivery
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.lifecycle import State
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.running import Town, a_town
from heliograph.testing.servers.smsc import Receipts, Smsc, receipt_for, words
from heliograph.testing.servers.webhook import Answer, WebhookServer
from heliograph.testing.tools import LOOPBACK, some_tools
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

TO = "+47 12 34 56 78"


async def send(town: Town, plugin: str, *messages: OutgoingMessage, config: dict[str, str] | None = None) -> list[Any]:
    arguments: dict[str, Any] = {"plugin": plugin, "outgoing_messages": list(messages)}
    method = "SendMessages"
    if config is not None:
        method, arguments = "SendMessagesWithConfig", arguments | {"config": config}
    found: list[Any] = (await town.app.services.call(method, arguments, town.caller)).result
    return found


async def delivery(town: Town, messaging_id: int, state: State) -> Delivery:
    """The message's delivery once it is in that state."""
    [delivery] = await until(
        lambda: town.app.store.outbox.deliveries([messaging_id]), lambda found: found[0].state is state
    )
    return delivery


def contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def plugins(**more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"inbox": {"kind": "inbox"}, **more}


def smpp(smsc: Smsc) -> dict[str, Any]:
    return {"kind": "smpp", "host": "127.0.0.1", "port": smsc.port, "system_id": "lamp", "password": "secret"}


async def test_an_sms_is_sent_and_its_receipt_comes_back(tmp_path: Path) -> None:
    async with Smsc(receipts=Receipts.EARLY) as smsc:
        async with a_town(tmp_path, channels=plugins(sms=smpp(smsc))) as town:
            message = OutgoingMessage(from_="Lighthouse", to=TO, content="Tåke", format="sms/160")
            [status] = await send(town, "sms", message)
            assert (status.status, status.status_description) == (1, "the message centre took 1 of 1")
            found = await delivery(town, status.messaging_id, State.DELIVERED)
            assert (found.state, found.detail) == (State.DELIVERED, "the message centre reports DELIVRD")
        assert words(smsc.submitted[0]) == "Tåke"
        assert smsc.unbinds == 1


async def test_a_receipt_after_a_restart_finds_its_message(tmp_path: Path) -> None:
    """The gateway binds by itself when it starts: nobody has to send for receipts to arrive."""
    async with Smsc() as smsc:
        channels = plugins(sms=smpp(smsc))
        async with a_town(tmp_path, channels=channels) as town:
            [status] = await send(town, "sms", OutgoingMessage(to=TO, content="Fog"))
            await delivery(town, status.messaging_id, State.SENT)
        async with a_town(tmp_path, channels=channels) as town:
            await until(lambda: smsc.bound)
            assert await smsc.deliver(receipt_for(smsc.submitted[0], "m-1", "UNDELIV")) == 0
            found = await delivery(town, status.messaging_id, State.UNDELIVERED)
            assert (found.state, found.detail) == (
                State.UNDELIVERED,
                "the message centre reports UNDELIV (error 034)",
            )


async def test_a_message_from_a_phone_comes_into_the_inbox_it_is_meant_for(tmp_path: Path) -> None:
    async with Smsc() as smsc:
        values = smpp(smsc) | {"replies_to": "keeper101", "replies_company": 1}
        async with a_town(tmp_path, channels=plugins(sms=values)) as town:
            await until(lambda: smsc.bound)
            assert await smsc.deliver(Sm(source="4712345678", source_ton=1, to="26112", text=b"On my way")) == 0
            [item] = await town.inbox(1)
            assert item.body == "On my way"


async def test_bad_items_have_their_own_status_and_harm_no_other(tmp_path: Path) -> None:
    async with Smsc() as smsc, a_town(tmp_path, channels=plugins(sms=smpp(smsc))) as town:
        statuses = await send(
            town,
            "sms",
            OutgoingMessage(to="", content="a"),
            OutgoingMessage(to="keeper101", content="a"),
            OutgoingMessage(to=TO, content="a", format="sms/mms"),
            OutgoingMessage(to=TO, content="a" * 5000),
            OutgoingMessage(to=TO, content="a", from_="The Lighthouse Keepers"),
            OutgoingMessage(to=TO, content=""),
            OutgoingMessage(to=TO, content="good"),
        )
        assert [status.status for status in statuses] == [0, 0, 0, 0, 0, 0, 1]
        said = [status.status_description for status in statuses[:-1]]
        for words_of, sentence in zip(
            ("To is empty", "telephone number", "sms/mms", "33 SMS", "From is", "no text"), said, strict=True
        ):
            assert words_of in sentence
        assert [words(sm) for sm in smsc.submitted] == ["good"]


async def test_send_messages_with_config_brings_the_callers_own_account(tmp_path: Path) -> None:
    async with WebhookServer(default=Answer(status=201, body=b'{"sid": "SM7"}')) as provider:
        channels = plugins(Twilio={"kind": "http_sms", "profile": "twilio", "base_url": provider.url})
        async with a_town(tmp_path, channels=channels, outbound=LOOPBACK) as town:
            _, plugin = (await town.app.services.call("GetPlugins", {}, town.caller)).result
            assert (plugin.name, plugin.supports_config) == ("Twilio", True)
            config = {"twilio_account_sid": "AC7", "twilio_auth_token": "key-of-the-caller"}
            [status] = await send(town, "Twilio", OutgoingMessage(to=TO, content="Fog"), config=config)
            assert status.status == 1
            found = await delivery(town, status.messaging_id, State.SENT)
            assert found.provider_id == "SM7"
            assert provider.requests[0].path == "/2010-04-01/Accounts/AC7/Messages.json"
            assert not any(b"key-of-the-caller" in data for data in contents(tmp_path))


async def test_an_unknown_config_key_is_named_with_the_known_ones(tmp_path: Path) -> None:
    channels = plugins(Twilio={"kind": "http_sms", "profile": "twilio"})
    async with a_town(tmp_path, channels=channels) as town:
        with pytest.raises(InvalidArgument, match=r"twilio_sid\. .*Known: twilio_account_sid, twilio_auth_token"):
            await send(town, "Twilio", OutgoingMessage(to=TO, content="Fog"), config={"twilio_sid": "x"})


CALLBACK_KEY = "lamp0lamp1lamp2lamp3"


@asynccontextmanager
async def called_back(folder: Path) -> AsyncIterator[tuple[Town, WebhookServer, int]]:
    """A gateway whose provider has taken one message and was told where to report; the message's id."""
    async with WebhookServer(default=Answer(status=201, body=b'{"sid": "SM7"}')) as provider:
        options = {"twilio_account_sid": "AC7", "twilio_auth_token": "t"}
        values = {"kind": "http_sms", "profile": "twilio", "base_url": provider.url, "options": options}
        values |= {"callback_url": "https://gateway.example/callbacks/Twilio", "callback_key": CALLBACK_KEY}
        async with a_town(folder, channels=plugins(Twilio=values), outbound=LOOPBACK) as town:
            [status] = await send(town, "Twilio", OutgoingMessage(to=TO, content="Fog"))
            await delivery(town, status.messaging_id, State.SENT)
            yield town, provider, status.messaging_id


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ADDRESS = f"/callbacks/Twilio?key={CALLBACK_KEY}"


def signed(body: bytes, auth: str = "t") -> dict[str, str]:
    """The headers of a call that Twilio makes."""
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return FORM | {"X-Twilio-Signature": url_and_form(f"https://gateway.example{ADDRESS}", pairs, auth)}


async def ask(town: Town, body: bytes) -> Any:
    return await town.ask("POST", ADDRESS, signed(body), body)


async def test_a_provider_that_calls_back_settles_its_message(tmp_path: Path) -> None:
    async with called_back(tmp_path) as (town, provider, id):
        asked = dict(parse_qsl(provider.requests[0].body.decode()))["StatusCallback"]
        assert asked == f"https://gateway.example{ADDRESS}"
        on_the_way = await ask(town, b"MessageSid=SM7&MessageStatus=sent")
        assert (on_the_way.status, (await delivery(town, id, State.SENT)).state) == (200, State.SENT)
        failed = await ask(town, b"MessageSid=SM7&MessageStatus=undelivered&ErrorCode=30003")
        assert (failed.status, failed.body) == (200, b"OK\n")
        found = await delivery(town, id, State.UNDELIVERED)
        assert (found.state, found.detail) == (State.UNDELIVERED, "the provider reports undelivered: 30003")


async def test_a_receipt_that_overtakes_its_message_is_kept_although_the_provider_calls_once(tmp_path: Path) -> None:
    """Also by the next process: Twilio does not call again."""
    async with called_back(tmp_path) as (town, provider, _):
        assert (await ask(town, b"MessageSid=SM9&MessageStatus=delivered")).status == 404
        assert (await ask(town, b"MessageSid=SM9&MessageStatus=delivered")).status == 404
    async with called_back(tmp_path) as (town, provider, _):
        assert len(await town.app.store.notes.find("Twilio", "receipt")) == 1
        provider.script(Answer(status=201, body=b'{"sid": "SM9"}'))
        [status] = await send(town, "Twilio", OutgoingMessage(to=TO, content="Rain"))
        found = await delivery(town, status.messaging_id, State.DELIVERED)
        assert (found.state, found.detail) == (State.DELIVERED, "the provider reports delivered")
        await until(lambda: town.app.store.notes.find("Twilio", "receipt"), lambda parked: not parked)


@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        ("/callbacks/Twilio", b"MessageSid=SM7&MessageStatus=delivered", 401),
        ("/callbacks/Twilio?key=guess", b"MessageSid=SM7&MessageStatus=delivered", 401),
        (f"{ADDRESS}&key={CALLBACK_KEY}", b"MessageSid=SM7&MessageStatus=delivered", 401),
        ("/callbacks/Twilio?key=%C3%A5", b"MessageSid=SM7&MessageStatus=delivered", 401),
        (ADDRESS, b"MessageSid=SM8&MessageStatus=delivered", 404),
        (ADDRESS, b"MessageSid=SM7&MessageStatus=delivered", 401),
        (ADDRESS, b"", 400),
        (ADDRESS, b"\xff\x00", 400),
        (ADDRESS, b"a" * 300_000, 413),
        (f"/callbacks/inbox?key={CALLBACK_KEY}", b"MessageSid=SM7&MessageStatus=delivered", 404),
        (f"/callbacks/nobody?key={CALLBACK_KEY}", b"", 404),
    ],
)
async def test_who_is_not_the_provider_settles_nothing(tmp_path: Path, address: str, body: bytes, status: int) -> None:
    async with called_back(tmp_path) as (town, _, id):
        headers = FORM if status == 401 else signed(body)
        assert (await town.ask("POST", address, headers, body)).status == status
        assert (await delivery(town, id, State.SENT)).state is State.SENT


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"profile": "cm", "callback_url": "https://gateway.example/callbacks/sms"}, "needs a callback_key"),
        ({"callback_key": "short"}, "at least 16"),
        ({"callback_key": "lamp lamp lamp lamp"}, "letters and digits"),
    ],
)
def test_receipts_that_anybody_could_send_are_not_asked_for(values: dict[str, str], complaint: str) -> None:
    with pytest.raises(BadSetting, match=complaint):
        build_channel("sms", {"kind": "http_sms", "profile": "twilio", **values}, some_tools())


async def test_a_long_sms_is_delivered_by_receipts_that_come_before_and_after_a_restart(tmp_path: Path) -> None:
    """Part states and a parked receipt are in the file: the second process knows all that the first one did."""
    async with Smsc() as smsc:
        channels = plugins(sms=smpp(smsc))
        async with a_town(tmp_path, channels=channels) as town:
            [status] = await send(town, "sms", OutgoingMessage(to=TO, content="Fog over the sound. " * 20))
            await delivery(town, status.messaging_id, State.SENT)
            assert await smsc.deliver(receipt_for(smsc.submitted[2], "m-3")) == 0
            assert await smsc.deliver(receipt_for(smsc.submitted[0], "stranger")) == 0
        async with a_town(tmp_path, channels=channels) as town:
            await until(lambda: smsc.bound)
            assert len(await town.app.store.notes.find("sms", "receipt")) == 1
            assert await smsc.deliver(receipt_for(smsc.submitted[0], "m-1")) == 0
            assert (await delivery(town, status.messaging_id, State.SENT)).state is State.SENT
            assert await smsc.deliver(receipt_for(smsc.submitted[1], "m-2")) == 0
            found = await delivery(town, status.messaging_id, State.DELIVERED)
            assert (found.state, found.detail) == (State.DELIVERED, "all 3 parts have arrived")


async def test_a_long_text_that_vonage_hands_in_as_several_comes_as_one(tmp_path: Path) -> None:
    """In any order, the last one again after a restart, and a part twice."""
    account = {"vonage_api_key": "a", "vonage_api_secret": "b"}
    values = {"kind": "http_sms", "profile": "vonage", "options": account, "callback_key": CALLBACK_KEY}
    channels = plugins(Vonage=values | {"replies_to": "keeper101"})
    address = f"/callbacks/Vonage?key={CALLBACK_KEY}"

    def part(number: int, text: str) -> bytes:
        said = {"msisdn": "4712345678", "to": "26112", "messageId": f"v-{number}", "text": text, "type": "text"}
        said |= {"concat": "true", "concat-ref": "77", "concat-total": "3", "concat-part": str(number)}
        return json.dumps(said).encode()

    headers = {"Content-Type": "application/json"}
    async with a_town(tmp_path, channels=channels) as town:
        for body in (part(3, "has lifted."), part(1, "Sound the horn "), part(3, "has lifted.")):
            assert (await town.ask("POST", address, headers, body)).status == 200
        assert (await town.ask("POST", "/callbacks/Vonage", headers, part(2, "forged"))).status == 401
        assert await town.app.store.inbox.items(101, before_id=None, limit=9) == []
    async with a_town(tmp_path, channels=channels) as town:
        for _ in range(2):
            assert (await town.ask("POST", address, headers, part(2, "until the fog "))).status == 200
        [item] = await town.inbox(1)
        assert item.body == "Sound the horn until the fog has lifted."
        alone = json.dumps(
            {"msisdn": "4712345678", "to": "26112", "messageId": "v-9", "text": "Thanks", "type": "text"}
        )
        assert (await town.ask("POST", address, headers, alone.encode())).status == 200
        assert [item.body for item in await town.inbox(2)][1:] == ["Thanks"]
