"""Each provider gets the request its documentation shows, and its answers and receipts are read as it means them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from heliograph.channels.http_sms.answers import GENERAL, row_for
from heliograph.channels.http_sms.channel import HttpSmsChannel
from heliograph.channels.http_sms.profile import Meaning, Profile, Reads, load, ready
from heliograph.channels.http_sms.reading import Receipt, read_answer, read_receipts
from heliograph.channels.registry import build_channel
from heliograph.channels.sms.settings import HOLD
from heliograph.core.delivery import Acceptance, Address, Letter, Record, Report
from heliograph.core.errors import BadSetting
from heliograph.core.lifecycle import Happening, State
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused
from heliograph.intake.reports import ProviderReports
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import a_delivery, a_letter, a_message, a_text
from heliograph.testing.clock import JumpingClock
from heliograph.testing.servers.webhook import Answer, Fault, Request, WebhookServer
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.anyio

TEXT = "Tåke & regn"
REFERENCE = "1a1fdfa4600-1"  # the letter's time and delivery, as they are sent


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the provider's documentation shows it, and what it answers."""

    options: dict[str, str]
    path: str
    fields: dict[str, Any]
    answer: bytes
    id: str
    status: int = 200
    headers: dict[str, str] = {}


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


EXAMPLES: dict[str, Example] = {
    "twilio": Example(
        options={"twilio_account_sid": "AC1", "twilio_auth_token": "t"},
        path="/2010-04-01/Accounts/AC1/Messages.json",
        fields={"To": "+4712345678", "From": "+4787654321", "Body": TEXT},
        headers=basic("AC1", "t"),
        status=201,
        answer=b'{"sid": "SM90c6fc909d8504d45ecdb3a3d5b3556e", "status": "queued", "error_code": null}',
        id="SM90c6fc909d8504d45ecdb3a3d5b3556e",
    ),
    "vonage": Example(
        options={"vonage_api_key": "abcd1234", "vonage_api_secret": "abcdef0123456789"},
        path="/sms/json",
        fields={
            "api_key": "abcd1234",
            "api_secret": "abcdef0123456789",
            "from": "4787654321",
            "to": "4712345678",
            "text": TEXT,
            "type": "text",
            "client-ref": REFERENCE,
        },
        answer=b'{"message-count": "1", "messages": [{"to": "4712345678", "message-id": "aaaa-bbbb", "status": "0"}]}',
        id="aaaa-bbbb",
    ),
    "infobip": Example(
        options={"infobip_api_key": "k"},
        path="/sms/2/text/advanced",
        fields={
            "messages": [
                {
                    "from": "4787654321",
                    "destinations": [{"to": "4712345678", "messageId": REFERENCE}],
                    "text": TEXT,
                }
            ]
        },
        headers={"authorization": "App k"},
        answer=b'{"messages": [{"to": "4712345678", "status": {"groupId": 1, "groupName": "PENDING", "id": 7},'
        b' "smsCount": 1, "messageId": "2250be2d4219-3af1"}]}',
        id="2250be2d4219-3af1",
    ),
    "cm": Example(
        options={"cm_serviceId": "1", "cm_username": "u", "cm_password": "00000000-0000"},
        path="/v1.0/message",
        fields={
            "messages": {
                "msg": [
                    {
                        "from": "4787654321",
                        "to": [{"number": "004712345678"}],
                        "body": {"type": "auto", "content": TEXT},
                        "reference": REFERENCE,
                        "minimumNumberOfMessageParts": 1,
                        "maximumNumberOfMessageParts": 8,
                    }
                ]
            }
        },
        headers={"x-cm-producttoken": "00000000-0000"},
        answer=b'{"details": "Created 1 message(s)", "errorCode": 0, "messages": [{"to": "004712345678",'
        b' "status": "Accepted", "reference": "r", "parts": 1, "messageDetails": null, "messageErrorCode": 0}]}',
        id=REFERENCE,
    ),
    "compaya": Example(
        options={"compaya_username": "u", "compaya_password": "k"},
        path="/v2/send",
        fields={"to": "4712345678", "message": TEXT, "from": "4787654321", "reference": REFERENCE},
        headers=basic("u", "k"),
        answer=b'{"success": [[{"to": "4712345678", "price": "1", "countryCode": "1"}]]}',
        id=REFERENCE,
    ),
    "intelecom": Example(
        options={"intele_serviceId": "1000", "intele_username": "Puzzel", "intele_password": "xdyf3bf2"},
        path="/gw/rs/sendMessages",
        fields={
            "serviceId": 1000,
            "username": "Puzzel",
            "password": "xdyf3bf2",
            "message": [
                {
                    "recipient": "+4712345678",
                    "content": TEXT,
                    "clientReference": REFERENCE,
                    "settings": {
                        "originatorSettings": {"originator": "+4787654321", "originatorType": "INTERNATIONAL"},
                        "autoDetectEncoding": True,
                    },
                }
            ],
        },
        answer=b'{"batchReference": "b", "messageStatus": [{"statusCode": 1, "statusMessage": "Message enqueued for'
        b' sending", "recipient": "+4712345678", "messageId": "760081j04w00", "sequenceIndex": 1}]}',
        id="760081j04w00",
    ),
    "pswincom": Example(
        options={"pswin_username": "u", "pswin_password": "p"},
        path="/",
        fields={
            "USER": "u",
            "PW": "p",
            "RCV": "4712345678",
            "SND": "4787654321",
            "TXT": TEXT,
            "ENC": "utf-8",
            "SD": REFERENCE,
        },
        answer=b"0 OK 4A4B0034DB",
        id="4A4B0034DB",
    ),
    "smsteknik": Example(
        options={"smsteknik_serviceId": "My Company", "smsteknik_username": "u", "smsteknik_password": "p&q"},
        path="/send/xml/?id=My%20Company&user=u&pass=p%26q",
        fields={
            "operationtype": "0",
            "customid": REFERENCE,
            "udmessage": "Tåke &amp; regn",
            "smssender": "+4787654321",
            "nr": "+4712345678",
        },
        answer=b"9811223344",
        id="9811223344",
    ),
    "txtlocal": Example(
        options={"txtlocal_username": "u@coast.example", "txtlocal_password": "p"},
        path="/send/",
        fields={
            "username": "u@coast.example",
            "password": "p",
            "numbers": "4712345678",
            "sender": "4787654321",
            "message": TEXT,
            "custom": REFERENCE,
        },
        answer=b'{"balance": 1162, "batch_id": 124, "cost": 1, "num_messages": 1, "status": "success"}',
        id=REFERENCE,
    ),
}


@asynccontextmanager
async def provider(name: str, **settings: Any) -> AsyncIterator[tuple[WebhookServer, HttpSmsChannel]]:
    """A channel with that profile and a provider that answers as documented."""
    example, tools = EXAMPLES[name], some_tools(**settings.pop("tools", {}))
    default = Answer(status=example.status, body=example.answer)
    async with WebhookServer(default=default) as server:
        options = settings.pop("options", example.options)
        values = {"profile": name, "base_url": server.url, "timeout": 1.0, "options": options, **settings}
        channel = build_channel("sms", {"kind": "http_sms", **values}, tools)
        assert isinstance(channel, HttpSmsChannel)
        yield server, channel
    await tools.transport.close()


def letter(text: str = TEXT, **changes: Any) -> Letter:
    content = a_text(sender=changes.pop("sender", "+4787654321"), to="+4712345678", body=text)
    message = a_message(content=content)
    return a_letter(address=Address(value="+4712345678"), message=message, **changes)


def fields(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    if "json" in kind:
        found: dict[str, Any] = request.json
        return found
    if "xml" in kind:
        text = request.body.decode()
        names = EXAMPLES["smsteknik"].fields
        return {name: text.partition(f"<{name}>")[2].partition(f"</{name}>")[0] for name in names}
    return dict(parse_qsl(request.body.decode()))


def test_every_ready_profile_has_an_example() -> None:
    assert ready() == sorted(EXAMPLES)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
async def test_a_provider_gets_the_request_it_documents_and_its_answer_is_read(name: str) -> None:
    example = EXAMPLES[name]
    async with provider(name) as (server, channel):
        sent = await channel.send(letter())
        assert isinstance(sent, Accepted), sent
        assert sent.provider_id == example.id
        [request] = server.requests
        assert request.path == example.path
        assert fields(request) == example.fields
        assert example.headers.items() <= request.headers.items()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
async def test_the_contracts_config_keys_are_an_account_of_the_callers_own(name: str) -> None:
    """SendMessagesWithConfig: no account in the settings, one in the message."""
    example = EXAMPLES[name]
    async with provider(name, options={}) as (server, channel):
        assert channel.traits.config_keys is not None
        assert example.options.keys() <= channel.traits.config_keys
        assert isinstance(await channel.send(letter(config=example.options)), Accepted)
        assert fields(server.requests[0]) == example.fields


#: Section 4 of the SOAP contract: the configuration keys that callers of each provider's plugin send.
CONTRACT: dict[str, tuple[str, ...]] = {
    "cm": ("cm_serviceId", "cm_username", "cm_password"),
    "compaya": ("compaya_username", "compaya_password"),
    "intelecom": ("intele_serviceId", "intele_username", "intele_password"),
    "pswincom": ("pswin_username", "pswin_password"),
    "smsteknik": ("smsteknik_serviceId", "smsteknik_username", "smsteknik_password"),
    "twilio": ("twilio_account_sid", "twilio_auth_token"),
    "txtlocal": ("txtlocal_username", "txtlocal_password"),
}


@pytest.mark.parametrize("name", sorted(CONTRACT))
async def test_the_contracts_keys_and_no_others_are_enough_to_send(name: str) -> None:
    """Each key has a value of its own here, and each that is a secret of the account reaches the provider."""
    config = {key: f"1{number}" for number, key in enumerate(CONTRACT[name])}
    async with provider(name, options={}) as (server, channel):
        assert channel.traits.config_keys is not None
        assert set(CONTRACT[name]) <= channel.traits.config_keys
        assert isinstance(await channel.send(letter(config=config)), Accepted)
        [request] = server.requests
        said = f"{request.path} {request.body.decode()} {dict(request.headers)}"
        said += base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ") + "==").decode(
            "latin-1"
        )
        assert config[CONTRACT[name][-1]] in said


def test_a_reference_of_ours_is_what_a_receipt_may_name_when_the_answer_was_lost() -> None:
    ours = {name for name in ready() if "{reference}" in load(name).answer.id}
    assert ours == {"cm", "compaya", "infobip", "txtlocal"}


def vonage_took(*ids: str) -> bytes:
    messages = [{"to": "4712345678", "message-id": id, "status": "0"} for id in ids]
    return msgspec.json.encode({"message-count": str(len(ids)), "messages": messages})


async def test_a_long_text_has_arrived_when_each_of_its_parts_has() -> None:
    """Vonage gives each part an id, and sends a receipt for each."""
    store = MemoryStore(clock := JumpingClock())
    delivery = a_delivery(channel="sms", address="+4712345678", state=State.LEASED)
    await store.outbox.accept(Acceptance(messages=(a_message(),), deliveries=(delivery,)))
    reports = ProviderReports(store.outbox, clock, store.parts)
    async with provider("vonage", tools={"parts": store.parts, "reports": reports}) as (server, channel):
        server.script(Answer(status=200, body=vonage_took("a", "b")))
        sent = await channel.send(letter("long " * 50))
        assert isinstance(sent, Accepted)
        record = Record(delivery_id=1, happening=Happening.ACCEPTED, at=clock.now(), provider_id=sent.provider_id)
        await store.outbox.record([record])
        for id, state in (("b", State.SENT), ("b", State.SENT), ("a", State.DELIVERED)):
            assert await reports.report("sms", Report(ids=(id,), happening=Happening.ARRIVED))
            assert (await store.outbox.deliveries([1]))[0].state is state


@pytest.mark.parametrize("body", [vonage_took("a"), vonage_took("a", ""), vonage_took(), b'{"messages": 1}'])
def test_what_has_no_parts_has_none(body: bytes) -> None:
    assert len(read_answer(load("vonage").answer, body, REFERENCE).parts) < 2


@pytest.mark.parametrize("name", ["compaya", "infobip"])
async def test_a_message_in_doubt_is_known_by_our_reference(name: str) -> None:
    async with provider(name) as (server, channel):
        server.script(Answer(fault=Fault.HANG_UP))
        sent = await channel.send(letter())
        assert isinstance(sent, Deferred)
        assert (sent.in_doubt, sent.provider_id) == (True, REFERENCE)


@pytest.mark.parametrize("name", ready())
def test_every_profile_names_its_source_and_an_unverified_one_says_what_is(name: str) -> None:
    profile = load(name)
    assert profile.sources
    assert profile.verified or profile.note


@pytest.mark.parametrize(
    ("name", "status", "body", "means"),
    [
        ("twilio", 400, b'{"code": 21211, "message": "Invalid To", "status": 400}', Meaning.NEVER),
        ("twilio", 400, b'{"code": 21614, "status": 400}', Meaning.GONE),
        ("twilio", 401, b'{"code": 20003, "status": 401}', Meaning.SET_UP),
        ("twilio", 429, b'{"code": 20429, "status": 429}', Meaning.SLOWER),
        ("vonage", 200, b'{"messages": [{"status": "1", "error-text": "Throughput Rate Exceeded"}]}', Meaning.SLOWER),
        ("vonage", 200, b'{"messages": [{"status": "4", "error-text": "Bad Credentials"}]}', Meaning.SET_UP),
        ("vonage", 200, b'{"messages": [{"status": "5"}]}', Meaning.AGAIN),
        ("vonage", 200, b'{"messages": [{"status": "6"}]}', Meaning.NEVER),
        ("vonage", 200, b'{"messages": [{"status": "99"}]}', Meaning.NEVER),
        ("infobip", 200, b'{"messages": [{"status": {"groupId": 5, "groupName": "REJECTED"}}]}', Meaning.NEVER),
        ("cm", 400, b'{"details": "No account found", "errorCode": 101, "messages": []}', Meaning.SET_UP),
        ("cm", 400, b'{"errorCode": 201, "messages": [{"status": "Rejected", "messageErrorCode": 303}]}', Meaning.NEVER),
        ("compaya", 409, b'{"error": {"code": 409, "message": "Number"}}', Meaning.NEVER),
        ("intelecom", 200, b'{"messageStatus": [{"statusCode": 2}]}', Meaning.SET_UP),
        ("intelecom", 200, b'{"messageStatus": [{"statusCode": 3}]}', Meaning.NEVER),
        ("intelecom", 200, b'{"messageStatus": [{"statusCode": 4}]}', Meaning.SET_UP),
        ("intelecom", 200, b'{"messageStatus": [{"statusCode": 6}]}', Meaning.AGAIN),
        ("intelecom", 200, b'{"messageStatus": [{"statusCode": 24}]}', Meaning.TAKEN),
        ("intelecom", 200, b'{"messageStatus": [{"statusCode": 25}]}', Meaning.NEVER),
        ("smsteknik", 200, b"0:Message could't be empty", Meaning.NEVER),
        ("pswincom", 200, b"1 Error in parameters", Meaning.NEVER),
        ("smsteknik", 200, b"0:Access denied", Meaning.SET_UP),
        ("smsteknik", 200, b"0:Invalid phonenumber", Meaning.NEVER),
        ("txtlocal", 200, b'{"errors": [{"code": 7, "message": "Insufficient credits"}], "status": "failure"}', Meaning.SET_UP),
        ("txtlocal", 200, b'{"errors": [{"code": 32}], "status": "failure"}', Meaning.NEVER),
    ],
)  # fmt: skip
def test_a_refusal_means_what_the_profile_says(name: str, status: int, body: bytes, means: Meaning) -> None:
    profile = load(name)
    assert row_for(profile, status, read_answer(profile.answer, body, REFERENCE).code).means is means


@pytest.mark.parametrize("name", sorted(EXAMPLES))
@pytest.mark.parametrize("body", [b"", b"<html>Sign in to the hotel's network</html>", b"[" * 5000, b"null", b"\xff"])
async def test_a_success_that_says_nothing_is_in_doubt(name: str, body: bytes) -> None:
    async with provider(name) as (server, channel):
        server.script(Answer(status=200, body=body))
        sent = await channel.send(letter())
        assert isinstance(sent, Deferred)
        assert sent.in_doubt


@pytest.mark.parametrize("row", GENERAL, ids=lambda row: str(row.status))
def test_where_a_profile_is_silent_the_status_decides(row: Any) -> None:
    status = row.status[1] if isinstance(row.status, tuple) else row.status
    expected = next(
        r
        for r in GENERAL
        if r.status == status or (isinstance(r.status, tuple) and r.status[0] <= status <= r.status[1])
    )
    assert row_for(load("pswincom"), status, "").means is expected.means


async def test_a_wrong_account_pauses_the_channel_unless_it_is_the_callers_own() -> None:
    async with provider("twilio") as (server, channel):
        server.script(Answer(status=401), Answer(status=401))
        ours = await channel.send(letter())
        theirs = await channel.send(letter(config={"twilio_account_sid": "AC9", "twilio_auth_token": "x"}))
        assert isinstance(ours, Deferred)
        assert ours.pause
        assert isinstance(theirs, Refused)


async def test_a_callers_account_is_never_filled_up_with_ours() -> None:
    async with provider("twilio") as (server, channel):
        sent = await channel.send(letter(config={"twilio_account_sid": "AC9"}))
        assert isinstance(sent, Refused)
        assert "twilio_auth_token" in sent.detail
        assert not server.requests


async def test_a_mobile_number_that_is_none_is_not_used_again() -> None:
    async with provider("twilio") as (server, channel):
        server.script(Answer(status=400, body=b'{"code": 21614}'))
        assert await channel.send(letter()) == Gone("Twilio answered 400, code 21614: not a mobile number")


@pytest.mark.parametrize(
    ("in_doubt", "wait", "again"), [("hold", HOLD, True), ("retry", None, True), ("fail", None, False)]
)
async def test_a_lost_answer_is_held_tried_again_or_failed(in_doubt: str, wait: float | None, again: bool) -> None:
    async with provider("twilio", in_doubt=in_doubt) as (server, channel):
        server.script(Answer(fault=Fault.HANG_UP))
        sent = await channel.send(letter())
        assert isinstance(sent, Deferred)
        assert (sent.in_doubt, sent.retry_after) == (True, wait)
        assert channel.traits.retry.resend_in_doubt is again


async def test_a_connection_that_never_was_is_not_in_doubt() -> None:
    async with provider("twilio", base_url="http://127.0.0.1:1") as (_, channel):
        sent = await channel.send(letter())
        assert isinstance(sent, Deferred)
        assert not sent.in_doubt


async def test_one_strange_character_is_said_to_the_provider_that_asks() -> None:
    async with provider("vonage") as (server, channel):
        await channel.send(letter("łódź"))
        assert fields(server.requests[0])["type"] == "unicode"


async def test_a_name_as_sender_travels_as_it_is() -> None:
    async with provider("intelecom") as (server, channel):
        await channel.send(letter(sender="Lighthouse"))
        shown = fields(server.requests[0])["message"][0]["settings"]["originatorSettings"]
        assert shown == {"originator": "Lighthouse", "originatorType": "ALPHANUMERIC"}


async def test_a_text_cannot_break_out_of_its_place() -> None:
    """Braces, XML, form separators and header ends are text like any other."""
    hostile = '{twilio_auth_token} </udmessage><nr>+4799999999</nr> &To=1 "} \r\nX: y \x00'
    for name in sorted(EXAMPLES):
        async with provider(name) as (server, channel):
            await channel.send(letter(hostile))
            [request] = server.requests
            assert b"<nr>+4799999999</nr>" not in request.body or "json" in request.headers["content-type"]
            assert "x" not in request.headers
            assert fields(request).keys() - {"unicode"} == EXAMPLES[name].fields.keys()


async def test_too_many_parts_are_refused_before_anything_is_sent() -> None:
    async with provider("twilio", max_parts=2) as (server, channel):
        sent = await channel.send(letter("a" * 400))
        assert sent == Refused("the text needs 3 SMS in gsm; at most 2 are sent")
        assert not server.requests


async def test_check_asks_for_the_account() -> None:
    async with provider("twilio") as (server, channel):
        assert (await channel.check()).ok
        assert (server.requests[0].method, server.requests[0].path) == ("GET", "/2010-04-01/Accounts/AC1.json")
        server.script(Answer(status=401))
        assert (await channel.check()).sentence == "Twilio answered 401 when asked for the account."
    async with provider("twilio", options={}) as (_, channel):
        assert "options.twilio_account_sid" in (await channel.check()).sentence


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("twilio", b"MessageSid=SM1&MessageStatus=delivered", [("SM1", Happening.ARRIVED)]),
        ("twilio", b"MessageSid=SM1&MessageStatus=sent", [("SM1", None)]),
        ("twilio", b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003", [("SM1", Happening.BOUNCED)]),
        ("vonage", b"messageId=aaaa&status=rejected&err-code=6", [("aaaa", Happening.BOUNCED)]),
        (
            "infobip",
            b'{"results": [{"messageId": "a", "status": {"groupName": "DELIVERED"}}, {"messageId": "b", "status":'
            b' {"groupName": "EXPIRED"}, "error": {"name": "EC_ABSENT_SUBSCRIBER"}}]}',
            [("a", Happening.ARRIVED), ("b", Happening.BOUNCED)],
        ),
        (
            "cm",
            b'{"messages": {"msg": {"to": "0047", "reference": "r1", "status": {"code": "2", "errorCode": ""}}}}',
            [("r1", Happening.ARRIVED)],
        ),
        ("compaya", b"reference=r1&status=8&receiver=4712345678", [("r1", Happening.BOUNCED)]),
        (
            "intelecom",
            b'{"dr": [{"messageid": "6y034000cy00", "statuscode": 0, "extstatusdescription": "Delivered"}]}',
            [("6y034000cy00", Happening.ARRIVED)],
        ),
        ("intelecom", b'{"dr": [{"messageId": "6y", "statuscode": 361, "statusdescription": "Expired"}]}', [("6y", Happening.BOUNCED)]),
        ("intelecom", b'{"dr": [{"messageId": "6y", "statuscode": 364}]}', [("6y", None)]),
        ("vonage", b'{"msisdn": "4712345678", "messageId": "aaaa", "status": "delivered", "err-code": "0"}', [("aaaa", Happening.ARRIVED)]),
        ("pswincom", b"RCV=4712345678&REF=BB35EDF6&STATE=DELIVRD&DELIVERYTIME=2013.03.01+23%3a01", [("BB35EDF6", Happening.ARRIVED)]),
        ("txtlocal", b"number=4712345678&status=U&customID=r1&datetime=x", [("r1", Happening.BOUNCED)]),
    ],
)  # fmt: skip
def test_a_receipt_is_read_as_it_is_documented(
    name: str, body: bytes, expected: list[tuple[str, Happening | None]]
) -> None:
    receipts = load(name).receipts
    assert receipts is not None
    assert [(receipt.id, receipt.happening) for receipt in read_receipts(receipts, body)] == expected


def test_a_bounces_reason_is_told_and_nonsense_is_no_receipt() -> None:
    receipts = load("twilio").receipts
    assert receipts is not None
    assert read_receipts(receipts, b"MessageSid=SM1&MessageStatus=failed&ErrorCode=30003") == [
        Receipt("SM1", Happening.BOUNCED, "the provider reports failed: 30003")
    ]
    for nonsense in (b"", b"\xff\xfe", b"&" * 1000, b"MessageSid=a%0d%0ab&MessageStatus=delivered", b"[[[["):
        assert read_receipts(receipts, nonsense) == []
    for name in ready():
        profile = load(name)
        if profile.receipts is not None and profile.receipts.reads is Reads.JSON:
            assert read_receipts(profile.receipts, b'{"results": [null, 1, []], "dr": {}, "messages": []}') == []


def own(folder: Path, text: str) -> str:
    path = folder / "harbour.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


HARBOUR = """
name = "Harbour"
sources = ["our own gateway"]
verified = true
[options.harbour_key]
description = "Key"
[access.headers]
X-Key = "{harbour_key}"
[request]
method = "GET"
url = "https://sms.harbour.example/send"
body = "query"
[request.fields]
n = "{to_digits}"
t = "{text}"
[answer]
reads = "text"
pattern = '^(?P<code>\\w+)(?: (?P<id>\\w+))?'
rows = [{ means = "taken", status = 200, code = ["OK"] }]
"""


async def test_a_provider_of_ones_own_is_a_file(tmp_path: Path) -> None:
    tools = some_tools()
    async with WebhookServer(default=Answer(status=200, body=b"OK 7")) as server:
        values = {"profile": own(tmp_path, HARBOUR), "base_url": server.url, "options": {"harbour_key": "k"}}
        channel = build_channel("sms", {"kind": "http_sms", **values}, tools)
        sent = await channel.send(letter())
        assert isinstance(sent, Accepted)
        assert sent.provider_id == "7"
        assert server.requests[0].path == "/send?n=4712345678&t=T%C3%A5ke+%26+regn"
        assert server.requests[0].headers["x-key"] == "k"
    await tools.transport.close()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("{to_digits}", "{to_digitz}"), "to_digitz"),
        (('means = "taken"', 'means = "yes"'), "Invalid enum value"),
        (("(?P<code>", "("), "group named"),
        (('body = "query"', 'bodi = "query"'), "bodi"),
        (('means = "taken"', 'means = "never"'), "taken"),
    ],
)
def test_a_faulty_profile_is_refused_with_the_place(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    text = (
        HARBOUR.replace(*change)
        if change[0] != "(?P<code>"
        else HARBOUR.replace("(?P<code>", "(").replace("(?P<id>", "(")
    )
    with pytest.raises(BadSetting, match=complaint):
        load(own(tmp_path, text))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"profile": "twillio"}, "no profile"),
        ({"profile": "nowhere.toml"}, "cannot be read"),
        ({"profile": "twilio", "options": {"twilio_sid": "x"}}, "options.twilio_sid"),
        ({"profile": "twilio", "sender": "The Lighthouse Keepers"}, "From is"),
        ({"profile": "twilio", "country": "+47"}, "calling code"),
        ({"profile": "twilio", "base_url": "ftp://x"}, "http and https"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadSetting, match=complaint):
        build_channel("sms", {"kind": "http_sms", **values}, some_tools())


def test_profiles_are_values() -> None:
    assert isinstance(load("twilio"), Profile)
    assert load("twilio") == load("twilio")
