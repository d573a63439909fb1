"""A dry run tells what would be sent, over every door that has one, and nothing of it is sent or kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heliograph.config.quotas import QuotaSettings
from heliograph.config.settings import MessagingSettings, PushSettings
from heliograph.core.errors import NotSupported
from heliograph.core.lifecycle import State
from heliograph.edge.dry_run import asked
from heliograph.testing.builders import a_device
from heliograph.testing.running import KEY, Town, a_town

pytestmark = pytest.mark.anyio

CHANNELS = {
    "inbox": {"kind": "inbox"},
    "trial": {"kind": "stub"},
    "sms": {"kind": "http_sms", "profile": "twilio"},
    "hook": {"kind": "webhook", "url": "https://coast.example/hook", "secrets": ["whsec_" + "bmV3LW5l" * 6]},
}
SCRIPT = """
from heliograph.scripts import PocketNotificationMessage, send_push_notification

def before_send_messages(plugin, outgoing_messages, event):
    assert event.dry_run
    for message in outgoing_messages:
        message.content = message.content.replace("stormy", "calm")
    send_push_notification([101], PocketNotificationMessage(title="told as well"))

def after_send_messages(plugin, outgoing_messages, event):
    raise RuntimeError("After does not run in a dry run")

def after_send_messages_async(plugin, outgoing_messages, event):
    raise RuntimeError("AfterAsync does not run in a dry run")
"""


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    push = PushSettings(routes={"Google": "hook"})
    async with a_town(tmp_path, channels=CHANNELS, push=push) as town:
        await town.app.directory.put_device(a_device(0, handle="f00d-token-of-the-lamp"))
        yield town


async def agents(town: Town, method: str, call: dict[str, Any], query: str = "?dry_run=true") -> tuple[int, Any]:
    headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
    agent = "Pocket" if method == "SendPushNotification" else "Messaging"
    heard = await town.ask("POST", f"/api/v1/Agents/{agent}/{method}{query}", headers, msgspec.json.encode(call))
    return heard.status, msgspec.json.decode(heard.body or b"null")


async def nothing_was_kept(town: Town) -> None:
    assert await town.app.store.outbox.messages(company_id=None, state=None, before_id=None, limit=10) == []
    assert await town.app.store.inbox.items(101, before_id=None, limit=10) == []


async def test_send_messages_is_told_way_by_way_with_parts_alphabet_and_a_hint(town: Town) -> None:
    texts = ["a" * 161, "It\u2019s lit. " + "a" * 90, "lit"]
    call = {
        "Plugin": "sms",
        "OutgoingMessages": [
            *({"To": "+4712345678", "Content": text, "From": "Light"} for text in texts),
            {"To": "nobody", "Content": "?"},
        ],
    }
    status, told = await agents(town, "SendMessages", call)
    assert status == 200
    run = told["dry_run"]
    ways = [message["ways"][0] for message in run["messages"]]
    assert [(way["parts"], way["encoding"]) for way in ways] == [(2, "gsm"), (2, "ucs-2"), (1, "gsm"), (None, "")]
    assert ways[1]["hint"] == "U+2019 \u2019 forces UCS-2: 2 parts instead of 1; replace it by '."
    assert "telephone number" in ways[3]["refused"]
    assert run["changed"] == []
    await nothing_was_kept(town)


async def test_a_push_is_told_for_the_inbox_and_each_device_whose_token_is_cut_short(town: Town) -> None:
    call = {
        "AssociateIds": [101, 999],
        "Message": {"Title": "Lamp room", "Message": "The lamp is lit.", "TimeToLive": 5},
    }
    status, told = await agents(town, "SendPushNotification", call)
    assert status == 200
    [message] = told["dry_run"]["messages"]
    assert (message["title"], message["lives"], message["channels"]) == ("Lamp room", 300.0, {"inbox": 1, "hook": 1})
    inbox, device = message["ways"]
    assert inbox["size"] == len("Lamp roomThe lamp is lit.")
    assert (device["channel"], device["address"]) == ("hook", "f00d-tok\u2026")
    assert device["size"] > 200
    assert told["dry_run"]["notes"] == {"UnknownAssociateIds": "999"}
    await nothing_was_kept(town)


async def test_the_push_family_tells_by_integration_key_and_refuses_as_ever(town: Town) -> None:
    push = {"CompanyId": 1, "IntegrationKey": KEY, "UserExternalId": "K-101", "Title": "Lamp", "Body": "Lit."}
    headers = {"Content-Type": "application/json"}
    told = await town.ask("POST", "/api/v2/push?dry_run=true", headers, msgspec.json.encode(push))
    assert told.status == 200
    assert told.headers["content-type"].startswith("application/json")
    [message] = msgspec.json.decode(told.body)["dry_run"]["messages"]
    assert message["channels"] == {"inbox": 1, "hook": 1}
    for wrong, status in (({"IntegrationKey": "no"}, 401), ({"Title": ""}, 400), ({"UserExternalId": "nobody"}, 400)):
        refused = await town.ask("POST", "/api/v2/push?dry_run=true", headers, msgspec.json.encode(push | wrong))
        assert refused.status == status, refused.text
    await nothing_was_kept(town)


@pytest.mark.parametrize("word", ["maybe", "yes", "2", "tru"])
async def test_a_word_that_is_neither_true_nor_false_sends_nothing(town: Town, word: str) -> None:
    push = {"CompanyId": 1, "IntegrationKey": KEY, "UserExternalId": "K-101", "Title": "Lamp", "Body": "Lit."}
    heard = await town.ask(
        "POST", f"/api/v2/push?dry_run={word}", {"Content-Type": "application/json"}, msgspec.json.encode(push)
    )
    assert heard.status == 400
    assert "dry_run must be true or false" in heard.text
    assert (await agents(town, "SendMessages", {}, f"?dry_run={word}"))[0] == 400
    await nothing_was_kept(town)


@pytest.mark.parametrize(
    ("query", "dry"),
    [
        (b"", False),
        (b"format=json", False),
        (b"dry_run=true", True),
        (b"dry_run", True),
        (b"dry_run=1&format=xml", True),
        (b"DryRun=TRUE", True),
        (b"dry-run=true", True),
        (b"%64ry_run=true", True),
        (b"dry%5Frun=true", True),
        (b"dry_run=false&dry_run=true", True),
        (b"dry_run=false", False),
        (b"laundry_runs=true", False),
        (b"q=dry_run", False),
    ],
)
async def test_the_question_is_known_however_its_name_is_written(query: bytes, dry: bool) -> None:
    assert asked(query) == dry


async def test_a_costly_text_is_told_to_the_log_once_it_is_accepted(tmp_path: Path) -> None:
    async with a_town(tmp_path, channels=CHANNELS, messaging=MessagingSettings(wait=0)) as town:
        texts = ("It\u2019s lit. " + "a" * 90, "a" * 161, "It\u2019s lit.")
        messages = [{"To": "+4712345678", "Content": text, "From": "Light"} for text in texts]
        status, _ = await agents(town, "SendMessages", {"Plugin": "sms", "OutgoingMessages": messages}, "")
        assert status == 200
        counted = {key: many for key, many in town.app.counters.snapshot().items() if key[0] == "costly_text"}
        assert counted == {("costly_text", "sms", ""): 1}


@pytest.mark.parametrize(
    ("method", "call"),
    [
        (
            "SendMessages",
            {"Plugin": "trial", "OutgoingMessages": [{"To": to, "Content": "x"} for to in ("a", "", "b\r\n", "c")]},
        ),
        (
            "SendMessages",
            {"Plugin": "inbox", "OutgoingMessages": [{"To": to, "Content": "x"} for to in ("keeper101", "nobody")]},
        ),
        ("SendPushNotification", {"AssociateIds": [101, 103, 999], "Message": {"Title": "x", "Message": "y"}}),
        ("SendPushNotification", {"AssociateIds": [101], "Message": {"Type": "RemoteAction", "Title": "x"}}),
    ],
)
async def test_a_dry_run_tells_the_very_deliveries_that_the_real_call_makes(
    tmp_path: Path, method: str, call: dict[str, Any]
) -> None:
    routes = PushSettings(routes={"Google": "trial"})
    async with a_town(tmp_path, channels=CHANNELS, push=routes, messaging=MessagingSettings(wait=0)) as town:
        await town.app.directory.put_device(a_device(0, handle="f00d"))
        _, told = await agents(town, method, call)
        await agents(town, method, call, "")
        ids = [m.id for m in await town.app.store.outbox.messages(company_id=1, state=None, before_id=None, limit=9)]
        made = await town.app.store.outbox.deliveries(sorted(ids))
    ways = [way for message in told["dry_run"]["messages"] for way in message["ways"]]
    assert [(way["channel"], way["address"].rstrip("\u2026"), way["device_id"]) for way in ways] == [
        (each.channel, each.address, each.device_id) for each in made
    ]
    assert [bool(way["refused"]) for way in ways if way["channel"] != "trial" or not way["device_id"]] == [
        each.state is State.FAILED for each in made if each.channel != "trial" or not each.device_id
    ]


async def test_dry_run_false_sends(town: Town) -> None:
    call = {"Plugin": "trial", "OutgoingMessages": [{"To": "anybody", "Content": "lit"}]}
    status, told = await agents(town, "SendMessages", call, "?dry_run=false")
    assert (status, told[0]["Status"]) == (200, 1)


async def test_a_dry_run_needs_the_rights_of_the_real_call_and_a_method_that_sends(town: Town) -> None:
    anybody = await town.ask("POST", "/api/v1/Agents/Messaging/SendMessages?dry_run=true", {}, b"{}")
    assert anybody.status == 401
    status, told = await agents(town, "GetPlugins", {})
    assert status != 200
    assert "no dry run" in msgspec.json.encode(told).decode()
    with pytest.raises(NotSupported):
        await town.app.dry_runs.run("GetPlugins", {}, town.caller)


async def test_a_channel_that_cannot_tell_is_told_without_sizes_and_a_dead_address_as_refused(town: Town) -> None:
    await town.app.directory.suppress("trial", "dead", reason="gone since March", now=0)
    call = {"Plugin": "trial", "OutgoingMessages": [{"To": "anybody", "Content": "x"}, {"To": "dead", "Content": "x"}]}
    _, told = await agents(town, "SendMessages", call)
    [alive], [dead] = [message["ways"] for message in told["dry_run"]["messages"]]
    assert (alive["refused"], alive["size"], alive["parts"]) == ("", None, None)
    assert "gone since March" in dead["refused"]


async def test_soap_refuses_the_question_rather_than_send_in_earnest(town: Town) -> None:
    message = "<n:OutgoingMessage><n:To>anybody</n:To><n:Content>x</n:Content></n:OutgoingMessage>"
    envelope = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:n="http://www.superoffice.net/ws/crm/NetServer/Services86">'
        f"<s:Header><n:Credentials><n:Ticket>{town.ticket}</n:Ticket></n:Credentials></s:Header><s:Body><n:SendMessages>"
        f"<n:Plugin>trial</n:Plugin><n:OutgoingMessages>{message}</n:OutgoingMessages></n:SendMessages></s:Body></s:Envelope>"
    )
    where, kind = "/Remote/Services86/Messaging.svc", {"Content-Type": "text/xml; charset=utf-8"}
    for query in ("?dry_run=true", "?dryRun=1", "?dry_run=perhaps"):
        heard = await town.ask("POST", where + query, kind, envelope.encode())
        assert (heard.status, ":Fault>" in heard.text, "dry" in heard.text) == (500, True, True), heard.text
    await nothing_was_kept(town)
    assert "<Status>1</Status>" in (await town.ask("POST", f"{where}?dry_run=false", kind, envelope.encode())).text


async def test_an_idempotency_key_is_neither_used_up_nor_asked(town: Town) -> None:
    call = {"Plugin": "trial", "OutgoingMessages": [{"To": "anybody", "Content": "lit"}]}
    headers = {
        "Authorization": f"SOTicket {town.ticket}",
        "Content-Type": "application/json",
        "Idempotency-Key": "lamp-1",
    }
    where = "/api/v1/Agents/Messaging/SendMessages"
    dry = await town.ask("POST", f"{where}?dry_run=true", headers, msgspec.json.encode(call))
    real = await town.ask("POST", where, headers, msgspec.json.encode(call))
    assert "dry_run" in dry.text
    assert "idempotent-replay" not in real.headers
    assert msgspec.json.decode(real.body)[0]["Status"] == 1


async def test_before_scripts_run_and_what_they_change_is_named_and_what_they_send_is_not_sent(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir(mode=0o700)
    (scripts / "calm.py").write_text(SCRIPT, encoding="utf-8")
    async with a_town(tmp_path, channels=CHANNELS) as town:
        call = {"Plugin": "sms", "OutgoingMessages": [{"To": "+4712345678", "Content": "stormy" + "a" * 155}]}
        status, told = await agents(town, "SendMessages", call)
        assert status == 200, told
        assert told["dry_run"]["changed"] == ["outgoing_messages"]
        assert told["dry_run"]["messages"][0]["ways"][0]["parts"] == 1  # calm is shorter
        assert town.app.scripts.trouble() == {}
        assert [key for key in town.app.counters.snapshot() if key[0] == "script_failed"] == []
        assert town.app.scripts.waiting == 0
        assert await town.app.store.agenda.claim(now=2**60, lease_until=2**61, limit=10) == []
        await nothing_was_kept(town)


async def test_a_quota_refuses_in_a_dry_run_too_and_none_of_it_is_taken(tmp_path: Path) -> None:
    quotas = QuotaSettings.model_validate({"channels": {"sms": {"day": 1}}})
    async with a_town(tmp_path, channels=CHANNELS, quotas=quotas) as town:
        one, two = "a", "a" * 161
        for text, refused in ((one, False), (one, False), (two, True)):
            call = {"Plugin": "sms", "OutgoingMessages": [{"To": "+4712345678", "Content": text}]}
            status, told = await agents(town, "SendMessages", call)
            shown = msgspec.json.encode(told).decode()
            assert (status == 200 and told["dry_run"]["messages"][0]["ways"][0]["refused"] == "") == (not refused), (
                shown
            )
