"""A company's endpoint hears what becomes of its messages, from a whole gateway and over the wire alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import standardwebhooks
from msgspec.structs import replace

from heliograph.config.settings import EventSettings, OutboundSettings, ScriptSettings
from heliograph.core.message import PushType
from heliograph.core.people import Caller, Door, Role
from heliograph.intake.answer_links import Asked
from heliograph.intake.carriers import IncomingMessage, PocketNotificationMessage
from heliograph.testing.asking import Heard
from heliograph.testing.running import KEY, OTHER_KEY, Town, a_town
from heliograph.testing.servers.webhook import Answer, WebhookServer
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

REACHABLE: dict[str, Any] = {
    "outbound": OutboundSettings(allow=[ip_network("127.0.0.0/8")]),
    "webhooks": EventSettings(allow_http=True, timeout=5.0),
}


class Owner:
    """A program with the company's key, that looks after its webhooks over REST."""

    def __init__(self, town: Town, company_id: int = 1, key: str = KEY, ticket: str = "") -> None:
        self.town = town
        self.given: dict[str, Any] = {} if ticket else {"CompanyId": company_id, "IntegrationKey": key}
        self.headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if ticket:
            self.headers["Authorization"] = f"SOTicket {ticket}"

    async def ask(self, verb: str, address: str = "", **parameters: Any) -> Heard:
        asked, target, body = self.given | parameters, f"/api/v2/webhook{address}", b""
        if verb in ("POST", "PUT"):
            body = json.dumps(asked).encode()
        else:
            target += f"?{urlencode(asked)}"
        return await self.town.ask(verb, target, self.headers, body)

    async def get(self, verb: str, address: str = "", **parameters: Any) -> Any:
        heard = await self.ask(verb, address, **parameters)
        assert heard.status == 200, heard.text
        return next(iter(json.loads(heard.body).values()), None)


@asynccontextmanager
async def a_company(folder: Path, **areas: Any) -> AsyncIterator[tuple[Town, Owner, WebhookServer]]:
    async with WebhookServer() as endpoint, a_town(folder, **(REACHABLE | areas)) as town:
        yield town, Owner(town), endpoint


def types(endpoint: WebhookServer) -> list[str]:
    return sorted(request.json["type"] for request in endpoint.requests)


async def push(town: Town, **members: Any) -> int:
    message = PocketNotificationMessage(title="Lamp", message="The lamp is lit.", **members)
    await town.app.services.call("SendPushNotification", {"associate_ids": [101], "message": message}, town.caller)
    return (await town.inbox(1))[0].message_id


async def test_an_endpoint_added_over_rest_is_told_and_believes_what_it_is_told(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, owner, endpoint):
        made = await owner.get("POST", Url=endpoint.url, Description="Order desk")
        message_id = await push(town)
        await until(lambda: len(endpoint.requests) == 2)
        assert types(endpoint) == ["delivery.sent", "message.accepted"]
        [item] = await town.inbox(1)
        await town.ask("POST", f"/api/v2/inbox/{item.id}/read", {"Authorization": f"SOTicket {town.ticket}"})
        await until(lambda: len(endpoint.requests) == 3)
        assert types(endpoint) == ["delivery.delivered", "delivery.sent", "message.accepted"]
        for request in endpoint.requests:
            verified = standardwebhooks.Webhook(made["Secret"]).verify(request.body, request.headers)
            assert verified["data"]["message_id"] == message_id
            assert verified["data"]["company_id"] == 1
        [listed] = await owner.get("GET", "/search")
        assert (listed["Url"], listed["Description"], listed["Status"]) == (f"{endpoint.url}/", "Order desk", "Active")
        await until_sent(owner, made["Id"], 3)


async def until_sent(owner: Owner, id: int, count: int) -> None:
    await until(
        lambda: owner.get("GET", "/deliveries", Id=id),
        lambda rows: [row["State"] for row in rows].count("sent") == count,
    )


async def test_the_life_of_an_endpoint_over_rest(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, owner, endpoint):
        made = await owner.get("POST", Url=endpoint.url, EventTypes=["delivery.failed"])
        assert made["Secret"].startswith("whsec_")
        shown = await owner.get("GET", Id=made["Id"])
        assert "Secret" not in shown
        assert shown["EventTypes"] == ["delivery.failed"]
        tried = await owner.get("POST", "/test", Id=made["Id"])
        assert tried == {"Taken": True, "Status": 204, "Words": "the endpoint answered 204", "Answer": ""}
        endpoint.script(Answer(status=500, body=b"no tea"))
        tried = await owner.get("POST", "/test", Id=made["Id"])
        assert (tried["Taken"], tried["Status"], tried["Answer"]) == (False, 500, "no tea")
        rotated = await owner.get("POST", "/secret", Id=made["Id"])
        assert rotated["Secret"] != made["Secret"]
        off = await owner.get("PUT", Id=made["Id"], Status="Disabled", EventTypes=["*"])
        assert (off["Status"], off["Reason"], off["EventTypes"]) == ("Disabled", "disabled by its owner", [])
        await push(town)
        assert await owner.get("GET", "/deliveries", Id=made["Id"]) == []
        assert await owner.get("POST", "/replay", Id=made["Id"]) == {"Count": 0}
        assert (await owner.ask("DELETE", Id=made["Id"])).status == 200
        assert (await owner.ask("GET", Id=made["Id"])).status == 404
        assert [request.json["type"] for request in endpoint.requests] == ["gateway.check", "gateway.check"]


@pytest.mark.parametrize(
    ("verb", "address", "given", "status"),
    [
        ("POST", "", {}, 400),
        ("POST", "", {"Url": "nonsense"}, 400),
        ("POST", "", {"Url": "https://a.example.com", "EventTypes": ["everything"]}, 400),
        ("POST", "", {"Url": "https://a.example.com", "Secret": "whsec_AAAA"}, 400),
        ("PUT", "", {"Id": 1, "Status": "Sleeping"}, 404),
        ("GET", "", {}, 400),
        ("GET", "", {"Id": 99}, 404),
        ("GET", "/deliveries", {"Id": 99}, 404),
        ("POST", "/test", {"Id": "x"}, 400),
    ],
)
async def test_what_cannot_be_is_refused_over_rest(
    tmp_path: Path, verb: str, address: str, given: dict[str, Any], status: int
) -> None:
    async with a_company(tmp_path) as (_, owner, _):
        assert (await owner.ask(verb, address, **given)).status == status


async def test_another_companys_endpoints_are_as_if_they_were_not_there(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, owner, endpoint):
        mine = (await owner.get("POST", Url=endpoint.url))["Id"]
        stranger = Owner(town, 2, OTHER_KEY)
        assert await stranger.get("GET", "/search") == []
        for verb, address in [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/test"),
                              ("GET", "/deliveries"), ("POST", "/replay")]:  # fmt: skip
            assert (await stranger.ask(verb, address, Id=mine)).status == 404, f"{verb} {address}"
        await push(town)
        await until(lambda: len(endpoint.requests) == 2)


async def test_a_user_who_is_no_administrator_may_do_nothing_of_it(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, _, endpoint):
        plain = Owner(town, ticket=town.ticket)
        assert (await plain.ask("POST", Url=endpoint.url)).status == 403
        assert (await plain.ask("GET", "/search")).status == 403
        keeper = await town.app.directory.user(101)
        assert keeper is not None
        await town.app.directory.update_user(replace(keeper, role=Role.ADMINISTRATOR))
        assert (await plain.ask("POST", Url=endpoint.url)).status == 200


async def test_the_same_in_xml(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, _, endpoint):
        body = (
            f"<AddWebhook><CompanyId>1</CompanyId><EventTypes><string>delivery.sent</string></EventTypes>"
            f"<IntegrationKey>{KEY}</IntegrationKey><Url>{endpoint.url}</Url></AddWebhook>"
        )
        headers = {"Content-Type": "application/xml", "Accept": "application/xml"}
        heard = await town.ask("POST", "/api/v2/webhook", headers, body.encode())
        assert heard.status == 200, heard.text
        assert "<Secret>whsec_" in heard.text
        listed = await town.ask(
            "GET", f"/api/v2/webhook/search?CompanyId=1&IntegrationKey={KEY}", {"Accept": "application/xml"}
        )
        assert "<EventTypes><EventType>delivery.sent</EventType></EventTypes>" in listed.text


# ----------------------------------------------------------- answers, and what comes in


async def test_scripts_and_webhooks_both_hear_a_recipients_answer(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "hears.py").write_text(
        "from pathlib import Path\n"
        "def after_answer_question(message_id, delivery_id, answer, event):\n"
        "    Path(__file__).with_name('heard.txt').write_text(f'{message_id} {answer}')\n",
        encoding="utf-8",
    )
    area = ScriptSettings(workers=1, folder=scripts)
    async with a_company(tmp_path / "data", scripts=area) as (town, owner, endpoint):
        await owner.get("POST", Url=endpoint.url, EventTypes=["message.replied"])
        message_id = await push(town, type=PushType.QUESTION)
        [item] = await town.inbox(1)
        bearer = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
        for value in (b"yes", b"yes", b"no"):
            await town.ask("POST", f"/api/v2/inbox/{item.id}/answer", bearer, b'{"answer": "%s"}' % value)
        await until(lambda: len(endpoint.requests) >= 1)
        await asyncio.sleep(0.4)
        [request] = endpoint.requests
        assert request.json["data"] == {
            "company_id": 1,
            "message_id": message_id,
            "delivery_id": item.delivery_id,
            "associate_id": 101,
            "answer": "yes",
        }
        assert (scripts / "heard.txt").read_text(encoding="utf-8") == f"{message_id} yes"


async def test_the_answer_by_a_sealed_link_is_told_as_well(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, owner, endpoint):
        await owner.get("POST", Url=endpoint.url, EventTypes=["message.replied"])
        await push(town, type=PushType.QUESTION)
        [item] = await town.inbox(1)
        token = town.app.links.token(Asked(1, 101, item.message_id, item.delivery_id))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await town.ask("POST", f"/answer/{token}", form, b"answer=no")).status == 200
        await until(lambda: len(endpoint.requests) == 1)
        assert endpoint.requests[0].json["data"]["answer"] == "no"


async def test_a_message_from_outside_is_told_with_its_text_to_whoever_asked_for_contents(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, owner, endpoint):
        await owner.get("POST", Url=f"{endpoint.url}/thin", EventTypes=["message.received"])
        await owner.get("POST", Url=f"{endpoint.url}/full", EventTypes=["message.received"], IncludeContent=True)
        arrived = IncomingMessage(to="keeper101", from_="+4712345678", content="On my way", session_key="s-1")
        caller = Caller(company_id=1, door=Door.CHANNEL)
        await town.app.services.call("CreateMessage", {"incoming_message": arrived}, caller)
        await until(lambda: len(endpoint.requests) == 2)
        told = {request.path: request.json["data"] for request in endpoint.requests}
        assert told["/thin"]["address"] == "***5678"
        assert "content" not in told["/thin"]
        assert told["/full"]["address"] == "+4712345678"
        assert told["/full"]["content"]["body"] == "On my way"
        assert told["/full"]["session_key"] == "s-1"


async def test_nobody_can_have_an_event_made_up_by_sending_messages(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, owner, endpoint):
        made = await owner.get("POST", Url=endpoint.url, EventTypes=["message.replied"])
        call = await town.app.services.call("GetPlugins", {}, town.caller)
        assert all("webhooks" not in str(plugin) for plugin in call.result)
        soap = (
            f"<p:SendMessages><p:Plugin>@webhooks</p:Plugin><p:OutgoingMessages><p:OutgoingMessage>"
            f"<p:To>endpoint://{made['Id']}</p:To><p:Content>forged</p:Content></p:OutgoingMessage>"
            f"</p:OutgoingMessages></p:SendMessages>"
        )
        envelope = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns:p="http://www.superoffice.net/ws/crm/NetServer/Services86"><s:Header><p:Credentials>'
            f"<p:Ticket>{town.ticket}</p:Ticket></p:Credentials></s:Header><s:Body>{soap}</s:Body></s:Envelope>"
        )
        heard = await town.ask(
            "POST", "/Remote/Services86/Messaging.svc", {"Content-Type": "text/xml"}, envelope.encode()
        )
        assert "<Status>1</Status>" not in heard.text
        await asyncio.sleep(0.5)
        assert endpoint.requests == []


async def test_health_says_how_many_endpoints_fail(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, owner, endpoint):
        await owner.get("POST", Url=endpoint.url)
        endpoint.script(*[Answer(status=500)] * 2)
        await push(town)
        await until(lambda: len(endpoint.requests) >= 2)
        heard = await until(lambda: town.ask("GET", "/healthz"), lambda heard: heard.json()["webhooks"]["failing"])
        told: Any = heard.json()
        assert told["webhooks"] == {"failing": 1, "disabled": 0}
        assert told["status"] == "ok"


async def test_no_more_than_four_kibibytes_of_an_answer_are_read_and_the_owner_sees_them(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (_, owner, endpoint):
        made = await owner.get("POST", Url=endpoint.url)
        endpoint.script(Answer(status=500, body=b"x" * 50_000))
        tried = await owner.get("POST", "/test", Id=made["Id"])
        assert tried["Answer"] == "x" * 4096


async def test_metrics_count_the_endpoints_in_trouble(tmp_path: Path) -> None:
    async with a_company(tmp_path) as (town, owner, endpoint):
        made = await owner.get("POST", Url=endpoint.url)
        endpoint.script(Answer(status=410))
        await push(town)
        one = 'heliograph_webhook_endpoints{state="disabled"} 1.0'
        told = (await until(lambda: town.ask("GET", "/metrics"), lambda heard: one in heard.text)).text
        assert 'heliograph_webhook_endpoints{state="failing"} 0.0' in told
        assert str(made["Secret"]) not in told
        assert endpoint.url not in told
