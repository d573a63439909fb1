"""Who is kept out: every address and verb, every stranger; every object of another's, every transport.

The addresses are read from the router and the declaration, so that a new one is in the matrix the day it is made.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.edge.calls import agents, refused_as, soap, succeeded

from heliograph.core.access import Scope
from heliograph.core.delivery import ItemState
from heliograph.core.people import Role
from heliograph.edge.agents.bindings import bindings
from heliograph.edge.contract.versions import every_operation
from heliograph.edge.rest.streams import Streams
from heliograph.intake.scopes import SCOPE_OF
from heliograph.intake.sign_in import secret_hash
from heliograph.testing.asking import Heard
from heliograph.testing.builders import a_device, a_user, an_item
from heliograph.testing.running import Town, a_town

pytestmark = pytest.mark.anyio

#: Addresses that anybody may ask; whatever is not here must refuse strangers.
PUBLIC = {
    "GET /": "says what this is",
    "GET /healthz": "for whoever watches the process",
    "GET /openapi.json": "describes",
    "GET /apiexplorer": "describes",
    "GET /inbox": "a page that is the same for everybody",
    "GET /inbox/{file}": "its files",
    "GET /inbox/session": "tells whose session it is; a stranger's is nobody's",
    "POST /inbox/session": "signs in",
    "DELETE /inbox/session": "signs out whoever has the cookie",
    "GET /metrics": "numbers, for whoever is on the machine of a gateway that listens to it alone: tests/metrics",
}
#: Addresses that operators sign in at, and what those load; the rest of the console answers strangers 401.
ENTRANCE = {
    "GET /console/sign-in": "asks for a password or a code",
    "POST /console/sign-in": "takes them",
    "GET /console/console.css": "the look of the page",
    "GET /console/console.js": "its script",
    "GET /console/{rest:path}": "says that there is nothing",
}
PUBLIC |= ENTRANCE
#: Addresses that bring their own credential; without the right one there is nothing at them.
KEYED = {
    "GET /answer/{token}": "a sealed link",
    "POST /answer/{token}": "a sealed link",
    "GET /callbacks/{channel}": "the channel's callback_key",
    "POST /callbacks/{channel}": "the channel's callback_key",
}
#: Which scope an address takes of an access token.
SCOPES = {"/api/v2/inbox": Scope.INBOX, "/api/v2/messages": Scope.MESSAGES, "/api/v2/device": Scope.DEVICES}

Strangers = dict[str, str]  # by what is wrong with the ticket


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all cases."""
    return "asyncio"


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Town]:
    """One gateway for all cases, with devices and inbox items in both companies."""
    folder: Path = tmp_path_factory.mktemp("matrix")
    async with a_town(folder) as town:
        directory = town.app.directory
        await directory.add_user(a_user(301, company_id=3))
        await directory.add_user(a_user(202, company_id=2, role=Role.ADMINISTRATOR))
        for id, owner in ((1, 101), (2, 103), (3, 201)):
            await directory.put_device(a_device(0, associate_id=owner, identifier=f"phone-{owner}", handle=f"h-{id}"))
        await town.app.store.inbox.put(
            [
                an_item(9001, associate_id=101, message_id=0, record_id=7),
                an_item(9002, associate_id=103, message_id=0, record_id=7),
                an_item(9003, associate_id=201, company_id=2, message_id=0, record_id=7),
            ]
        )
        yield town


async def ticket_of(town: Town, associate_id: int) -> str:
    user = await town.app.directory.user(associate_id)
    assert user is not None
    return await town.app.sign_in.issue_ticket(user)


@pytest.fixture(scope="module")
async def strangers(town: Town) -> Strangers:
    """Tickets that let nobody in."""
    directory = town.app.directory
    expired, revoked = await ticket_of(town, 101), await ticket_of(town, 301)
    await directory.touch_ticket(secret_hash(expired), valid_to=1)
    await directory.revoke_tickets(301)
    token = await town.app.credentials.add_token(1, "gone", list(Scope))
    _, of_token = await town.app.sign_in.exchange(token.text)
    await town.app.credentials.revoke_token(token.token.id)
    return {
        "none": "",
        "made up": "7T:MAA3AGYAMQA=",
        "not a ticket": "' OR 1=1 --",
        "expired": expired,
        "revoked": revoked,
        "of a disabled user": await ticket_of(town, 102),
        "of a closed company": await ticket_of(town, 301),
        "of a revoked token": of_token,
        "a revoked token itself": token.text,
    }


async def test_no_operation_over_soap_is_carried_out_for_a_stranger(town: Town, strangers: Strangers) -> None:
    strangers = strangers | {"of another company": await ticket_of(town, 201)}
    operations = [each for each in every_operation() if each[2].needs_ticket]
    assert len(operations) > 100
    let_in = []
    for version, agent, operation in operations:
        for kind, ticket in strangers.items():
            path = "/Cust1" if kind == "of another company" else ""
            heard = await soap(town, agent.name, f"<p:{operation.name}/>", ticket=ticket, path=path, version=version)
            if succeeded(heard) or refused_as(heard) != "SoSessionException":
                let_in.append(f"{version} {agent.name}.{operation.name}, {kind}: {heard.text[:200]}")
    assert let_in == []


async def test_no_method_of_a_json_agent_is_carried_out_for_a_stranger(town: Town, strangers: Strangers) -> None:
    theirs = await ticket_of(town, 201)
    let_in = []
    for binding in bindings().values():
        operation = binding.operation
        if not operation.needs_ticket:
            continue
        tries = [("/Cust1", f"SOTicket {theirs}"), ("", "Basic bm9ib2R5Om5vdGhpbmc="), ("", "Negotiate abc")]
        tries += [("", f"{scheme} {text}") for text in strangers.values() for scheme in ("SOTicket", "Bearer")]
        for path, authorization in tries:
            heard = await agents(town, f"{operation.agent}/{operation.name}", {}, authorization, path=path)
            if heard.status not in (401, 429):  # 429: the wrong password, tried for every method
                let_in.append(f"{operation.name} {path} {authorization[:20]}: {heard.status}")
    assert let_in == []


def addresses(town: Town) -> list[tuple[str, str]]:
    """Every verb and path pattern of the router."""
    return [
        (verb, route.path)
        for route in town.app.gateway(Streams()).routes
        for verb in sorted((route.methods or set()) - {"HEAD"})
    ]


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*}", "1", path)


async def test_no_other_address_answers_a_stranger(town: Town, strangers: Strangers) -> None:
    guarded = [(verb, path) for verb, path in addresses(town) if f"{verb} {path}" not in PUBLIC | KEYED]
    assert len(guarded) > 10
    let_in = []
    for verb, path in guarded:
        for kind, text in strangers.items():
            for scheme in ("SOTicket", "Bearer"):
                heard = await town.ask(verb, filled(path), {"Authorization": f"{scheme} {text}"} if text else {})
                if heard.status != 401:
                    let_in.append(f"{verb} {path}, {kind}, {scheme}: {heard.status}")
    assert let_in == []


async def test_at_an_address_with_a_credential_of_its_own_there_is_nothing_without_it(town: Town) -> None:
    for verb, path in (tuple(each.split(" ")) for each in KEYED):
        for headers in ({}, {"Authorization": f"SOTicket {town.ticket}"}):
            assert (await town.ask(verb, filled(path), headers)).status in (401, 404), f"{verb} {path}"


async def test_no_other_address_answers_an_access_token_without_its_scope(town: Town) -> None:
    let_in = []
    for verb, path in addresses(town):
        if f"{verb} {path}" in PUBLIC | KEYED or path.startswith("/console"):  # the console takes no access token
            continue
        needed = next((scope for prefix, scope in SCOPES.items() if path.startswith(prefix)), Scope.ADMIN)
        others = [scope for scope in Scope if scope not in (needed, Scope.ADMIN)]
        user = await town.app.directory.user(101)
        token = (await town.app.credentials.add_token(1, "others", others, user=user)).text
        heard = await town.ask(verb, filled(path), {"Authorization": f"Bearer {token}"})
        if heard.status != 403:
            let_in.append(f"{verb} {path}: {heard.status}")
    assert let_in == []


async def test_no_method_is_carried_out_for_an_access_token_without_its_scope(town: Town) -> None:
    let_in = []
    for binding in bindings().values():
        name, agent = binding.operation.name, binding.operation.agent
        needed = SCOPE_OF.get(name, Scope.ADMIN)
        if needed is None or name not in town.app.services.methods:
            continue
        others = [scope for scope in Scope if scope not in (needed, Scope.ADMIN)]
        token = (await town.app.credentials.add_token(1, "others", others)).text
        _, ticket = await town.app.sign_in.exchange(token)
        arguments = "<p:Message><p:Title>x</p:Title></p:Message><p:DeviceInfo/><p:IncomingMessage/>"
        over_soap = await soap(town, agent, f"<p:{name}>{arguments}</p:{name}>", ticket=ticket)
        body = {"Message": {"Title": "x"}, "DeviceInfo": {}, "IncomingMessage": {}}
        over_json = await agents(town, f"{agent}/{name}", body, f"Bearer {token}")
        for heard in (over_soap, over_json):
            if "SoSentryException" not in heard.text:
                let_in.append(f"{name}: {heard.status} {heard.text[:200]}")
    assert let_in == []


# ------------------------------------------------------------------- what is another's

Ask = Callable[[Town, str], Awaitable[Heard]]  # with that ticket

OTHERS: dict[str, tuple[str, str]] = {
    "devices of a colleague": (
        "Pocket",
        "<p:GetRegisteredDevices><p:AssociateId>103</p:AssociateId></p:GetRegisteredDevices>",
    ),
    "devices of a stranger": (
        "Pocket",
        "<p:GetRegisteredDevices><p:AssociateId>201</p:AssociateId></p:GetRegisteredDevices>",
    ),
    "a colleague's tags": (
        "Pocket",
        "<p:GetPushNotificationTagsForDevice><p:DeviceIdentifier>phone-103</p:DeviceIdentifier>"
        "</p:GetPushNotificationTagsForDevice>",
    ),
    "a stranger's tags": (
        "Pocket",
        "<p:GetPushNotificationTagsForDevice><p:DeviceIdentifier>phone-201</p:DeviceIdentifier>"
        "</p:GetPushNotificationTagsForDevice>",
    ),
    "setting a colleague's tags": (
        "Pocket",
        "<p:SetPushNotificationTagsForDevice><p:DeviceIdentifier>phone-103</p:DeviceIdentifier><p:Tags>message=0</p:Tags>"
        "</p:SetPushNotificationTagsForDevice>",
    ),
    "setting a stranger's tags": (
        "Pocket",
        "<p:SetPushNotificationTagsForUser><p:AssociateId>201</p:AssociateId><p:Tags>message=0</p:Tags>"
        "</p:SetPushNotificationTagsForUser>",
    ),
    "a push to another company": (
        "Pocket",
        "<p:SendPushNotification><p:AssociateIds><a:int>201</a:int></p:AssociateIds><p:Message><p:Title>x</p:Title>"
        "</p:Message></p:SendPushNotification>",
    ),
}


@pytest.mark.parametrize("what", OTHERS)
async def test_what_is_anothers_is_refused_over_soap_and_json_alike(town: Town, what: str) -> None:
    agent, inner = OTHERS[what]
    over_soap = await soap(town, agent, inner, ticket=town.ticket)
    assert not succeeded(over_soap)
    assert refused_as(over_soap) in ("SoSentryException", "SoNotFoundException")
    name = re.match(r"<p:(\w+)>", inner)
    assert name is not None
    members = {
        tag: int(text) if tag == "AssociateId" else text for tag, text in re.findall(r"<p:(\w+)>([^<]+)</p", inner)
    }
    if "SendPush" in name[1]:
        members = {"AssociateIds": [201], "Message": {"Title": "x"}}
    over_json = await agents(town, f"{agent}/{name[1]}", members, f"SOTicket {town.ticket}")
    assert over_json.status == 500
    told = over_json.json()
    assert isinstance(told, dict)
    assert told["ErrorType"] == refused_as(over_soap)
    assert {device.tags for device in await town.app.directory.devices([103, 201])} == {""}


async def test_an_administrator_of_another_company_is_a_stranger_here(town: Town) -> None:
    theirs = await ticket_of(town, 202)
    for what in ("devices of a colleague", "setting a colleague's tags"):
        agent, inner = OTHERS[what]
        assert not succeeded(await soap(town, agent, inner, ticket=theirs))
    assert succeeded(await soap(town, *OTHERS["devices of a stranger"], ticket=theirs)), "201 is of the own company"


async def test_messages_and_items_of_others_are_as_if_they_were_not_there(town: Town) -> None:
    body = {"AssociateIds": [101], "Message": {"Title": "x"}}
    sent = await agents(town, "Pocket/SendPushNotification", body, f"SOTicket {town.ticket}")
    message = sent.headers["heliograph-message-id"]
    theirs = {"Authorization": f"SOTicket {await ticket_of(town, 201)}"}
    not_there = await town.ask("GET", "/api/v2/messages/2000000000", theirs)
    hidden = await town.ask("GET", f"/api/v2/messages/{message}", theirs)
    assert (hidden.status, hidden.text.replace(message, "#")) == (404, not_there.text.replace("2000000000", "#"))
    assert (await town.get(f"/api/v2/messages/{message}")).status == 200
    status = await agents(
        town, "Messaging/GetDeliveryStatus", {"MessagingIds": [int(message)]}, theirs["Authorization"]
    )
    [item] = status.json()  # type: ignore[misc]
    assert item["StatusDescription"] == "No such message."

    items = await town.app.store.inbox.items(103, before_id=None, limit=10)
    for headers in (theirs, {"Authorization": f"SOTicket {town.ticket}"}):
        assert (await town.ask("POST", f"/api/v2/inbox/{items[0].id}/read", headers)).status == 404
    handled = {"NotificationEventType": "Unknown", "Id": 7}
    assert (await agents(town, "Pocket/NotificationHandled", handled, theirs["Authorization"])).status == 204
    [untouched] = await town.app.store.inbox.items(103, before_id=None, limit=10)
    assert untouched.state is ItemState.UNREAD, "the same record's item in another inbox is another's"


async def test_an_integration_key_reaches_its_own_company_alone(town: Town) -> None:
    company = await town.app.directory.company(3)
    assert company is not None
    await town.app.directory.update_company(replace(company, active=True, key_hash=secret_hash("key-3")))
    for user, key, company_id, status in [
        ("keeper201@example.com", "key-3", 2, 401),
        ("keeper201@example.com", "key-3", 3, 400),
        ("keeper301@example.com", "key-3", 3, 200),
    ]:
        fields = f"UserEmail={user}&Title=x&Body=y&CompanyId={company_id}&IntegrationKey={key}"
        heard = await town.ask("POST", f"/api/v2/push?format=json&{fields}", {"Content-Type": "application/json"})
        assert heard.status == status, heard.text
