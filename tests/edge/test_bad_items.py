"""Bad input in a call of many: each item has a Status 0 of its own with the reason, and the others go on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest

from heliograph.core.lifecycle import State
from heliograph.testing.running import Town, a_town

pytestmark = pytest.mark.anyio

NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
CHANNELS = {
    "inbox": {"kind": "inbox"},
    "stub": {"kind": "stub"},
    "mail": {"kind": "email", "host": "127.0.0.1", "sender": "lamp@example.com"},
    "phone": {
        "kind": "http_sms",
        "profile": "twilio",
        "options": {"twilio_account_sid": "AC1", "twilio_auth_token": "secret"},
        "sender": "Lamp",
    },
}

#: Plugin, one bad item, words of the reason.
BAD: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
    ("inbox", {"To": ""}, ("To is empty",)),
    ("inbox", {"To": "  \t "}, ("To is empty",)),
    ("inbox", {"To": "nobody"}, ("No user here", "nobody")),
    ("inbox", {"To": "keeper102"}, ("No user here", "keeper102")),
    ("inbox", {"To": "keeper201"}, ("No user here",)),
    ("inbox", {"To": "n" * 5000}, ("No user here",)),
    ("inbox", {"To": "keeper101", "Format": "sms/160"}, ("Format", "sms/160", "text/plain")),
    ("inbox", {"To": "keeper101", "Format": "f" * 500}, ("Format",)),
    ("stub", {"To": "a" * 1001}, ("1,000",)),
    ("stub", {"To": "a\u2028b"}, ("printable",)),
    ("mail", {"To": "not a mailbox"}, ("To",)),
    ("mail", {"To": "a@example.com\r\nBcc: b@example.com"}, ("To",)),
    ("mail", {"To": "a" * 300 + "@example.com"}, ("To",)),
    ("phone", {"To": "12"}, ("telephone number",)),
    ("phone", {"To": "+47 12 34 56 78 ext. 9"}, ("telephone number",)),
    ("phone", {"To": "+" + "4" * 60}, ("at most 15 digits",)),
    ("phone", {"To": "+4712345678", "Format": "smtp/rfc822"}, ("Format", "sms/160")),
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Town]:
    folder: Path = tmp_path_factory.mktemp("bad")
    async with a_town(folder, channels=CHANNELS) as town:
        yield town


async def by_json(town: Town, plugin: str, items: list[dict[str, str]], **more: Any) -> list[dict[str, Any]]:
    body = json.dumps({"Plugin": plugin, "OutgoingMessages": items, **more}).encode()
    method = "SendMessagesWithConfig" if more else "SendMessages"
    heard = await town.ask("POST", f"/api/v1/Agents/Messaging/{method}", _headers(town, "application/json"), body)
    assert heard.status == 200, heard.text
    found: list[dict[str, Any]] = json.loads(heard.body)
    return found


async def by_soap(town: Town, plugin: str, items: list[dict[str, str]]) -> list[dict[str, Any]]:
    envelope = Element("{http://schemas.xmlsoap.org/soap/envelope/}Envelope")
    header = _child(envelope, "{http://schemas.xmlsoap.org/soap/envelope/}Header")
    _child(_child(header, f"{{{NS}}}Credentials"), f"{{{NS}}}Ticket", town.ticket)
    call = _child(_child(envelope, "{http://schemas.xmlsoap.org/soap/envelope/}Body"), f"{{{NS}}}SendMessages")
    _child(call, f"{{{NS}}}Plugin", plugin)
    messages = _child(call, f"{{{NS}}}OutgoingMessages")
    for item in items:
        message = _child(messages, f"{{{NS}}}OutgoingMessage")
        for name, value in item.items():
            _child(message, f"{{{NS}}}{name}", value)
    body = tostring(envelope)
    heard = await town.ask("POST", "/Remote/Services86/Messaging.svc", {"Content-Type": "text/xml"}, body)
    assert heard.status == 200, heard.text
    statuses = fromstring(heard.body).iter(f"{{{NS}}}MessageDeliveryStatus")  # noqa: S314 - our own answer
    return [{child.tag.split("}")[1]: child.text for child in status} for status in statuses]


def _child(parent: Element, name: str, text: str = "") -> Element:
    child = Element(name)
    child.text = text
    parent.append(child)
    return child


def _headers(town: Town, content_type: str) -> dict[str, str]:
    return {"Authorization": f"SOTicket {town.ticket}", "Content-Type": content_type}


@pytest.mark.parametrize("door", [by_json, by_soap])
@pytest.mark.parametrize(("plugin", "item", "words"), BAD)
async def test_a_bad_item_has_its_own_status_and_reason_and_an_id(
    town: Town, plugin: str, item: dict[str, str], words: tuple[str, ...], door: Any
) -> None:
    [status] = await door(town, plugin, [item | {"Content": "The lamp is lit."}])
    assert int(status["Status"]) == 0
    for word in words:
        assert word in status["StatusDescription"]
    [delivery] = await town.app.store.outbox.deliveries([int(status["MessagingId"])])
    assert (delivery.state, delivery.attempts) == (State.FAILED, 0)
    assert delivery.detail == status["StatusDescription"], "what the caller was told is what is kept"


@pytest.mark.parametrize("door", [by_json, by_soap])
async def test_good_items_among_bad_ones_go_on_in_their_places(town: Town, door: Any) -> None:
    bad = [item for plugin, item, _ in BAD if plugin == "inbox"]
    items = []
    for n, each in enumerate(bad):
        items += [each, {"To": "keeper103", "Content": f"{door.__name__} {n}"}]
    statuses = await door(town, "inbox", items)
    assert [int(status["Status"]) for status in statuses] == [0, 1] * len(bad)
    assert len({status["MessagingId"] for status in statuses}) == len(items)
    kept = await town.app.store.inbox.items(103, before_id=None, limit=500)
    assert {item.body for item in kept} >= {f"{door.__name__} {n}" for n in range(len(bad))}


async def test_a_configuration_that_cannot_be_used_refuses_the_call_and_sends_nothing(town: Town) -> None:
    items = [{"To": "+4712345678", "Content": "Lit"}]
    for plugin, config, kind, *words in (
        ("phone", {"twilio_sid": "x", "twilio_auth_token": "y"}, "SoInvalidArgumentException", "twilio_sid"),
        ("phone", {"twilio_auth_token": "y"}, "SoInvalidArgumentException", "Missing", "twilio_account_sid"),
        ("inbox", {"any": "thing"}, "SoNotSupportedException", "takes no configuration"),
    ):
        body = json.dumps(
            {
                "Plugin": plugin,
                "OutgoingMessages": items,
                "Config": config,
            }
        ).encode()
        target = "/api/v1/Agents/Messaging/SendMessagesWithConfig"
        before = await town.app.store.outbox.messages(company_id=1, state=None, before_id=None, limit=1)
        heard = await town.ask("POST", target, _headers(town, "application/json"), body)
        assert heard.status >= 400
        assert kind in heard.text, heard.text
        for word in words:
            assert word in heard.text
        assert '"x"' not in heard.text, "a value may be a secret"
        assert before == await town.app.store.outbox.messages(company_id=1, state=None, before_id=None, limit=1)
