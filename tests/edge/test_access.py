"""Access tokens, application tokens and tickets over real HTTP: who gets in, how far, and for how long."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from tests.edge.calls import PUSH, agents, refused_as, soap, succeeded

from heliograph.config.settings import ApplicationTokens, SignInSettings, SoapSettings
from heliograph.core.access import Scope
from heliograph.core.people import User
from heliograph.edge.contract.versions import AGENTS
from heliograph.testing.running import PASSWORD, Town, a_town

pytestmark = pytest.mark.anyio

PUSH_BODY = {"AssociateIds": [101], "Message": {"Title": "Fog"}}
PLUGINS = "<p:GetPlugins/>"


async def a_token(town: Town, *scopes: Scope, user: int | None = None, company: int = 1, days: float = 1.0) -> str:
    """The text of a new access token."""
    found: User | None = await town.app.directory.user(user) if user is not None else None
    return (await town.app.credentials.add_token(company, "lamp timer", scopes, user=found, days=days)).text


async def exchanged(town: Town, token: str, path: str = "") -> str:
    """The ticket AuthenticateWithAccessToken gives for a token, or empty."""
    inner = f"<p:AuthenticateWithAccessToken><p:AccessToken>{token}</p:AccessToken></p:AuthenticateWithAccessToken>"
    heard = await soap(town, "SoPrincipal", inner, path=path)
    assert succeeded(heard)
    found = re.search(r"<Ticket>(7T:[^<]+)</Ticket>", heard.text)
    assert ("<AuthenticationSucceeded>true<" in heard.text) is bool(found)
    return found[1] if found else ""


async def test_a_machine_with_a_token_sends_and_a_revoked_token_ends_at_once(town: Town) -> None:
    token = await a_token(town, Scope.PUSH)
    assert token.startswith("8A:")
    assert (await agents(town, "Pocket/SendPushNotification", PUSH_BODY, f"Bearer {token}")).status == 204
    [known] = await town.app.credentials.tokens()
    assert token.encode() not in repr(known).encode()
    await town.app.credentials.revoke_token(known.id)
    refused = await agents(town, "Pocket/SendPushNotification", PUSH_BODY, f"Bearer {token}")
    assert refused.status == 401


async def test_a_token_reaches_no_further_than_its_scopes(town: Town) -> None:
    inbox = f"Bearer {await a_token(town, Scope.INBOX, user=101)}"
    push = f"Bearer {await a_token(town, Scope.PUSH, user=101)}"
    for authorization, status in ((inbox, 200), (push, 403)):
        assert (await town.ask("GET", "/api/v2/inbox", {"Authorization": authorization})).status == status
    sentry = await agents(town, "Pocket/SendPushNotification", PUSH_BODY, inbox)
    assert sentry.json()["ErrorType"] == "SoSentryException"  # type: ignore[index]
    assert (await agents(town, "Messaging/GetPlugins", {}, push)).json()["ErrorType"] == "SoSentryException"  # type: ignore[index]
    assert (await agents(town, "Pocket/SendPushNotification", PUSH_BODY, push)).status == 204


async def test_the_ticket_of_a_token_may_do_no_more_than_the_token_and_ends_with_it(town: Town) -> None:
    ticket = await exchanged(town, await a_token(town, Scope.PUSH, user=101))
    assert succeeded(await soap(town, "Pocket", PUSH, ticket=ticket))
    assert refused_as(await soap(town, "Messaging", PLUGINS, ticket=ticket)) == "SoSentryException"
    assert (await town.ask("GET", "/api/v2/inbox", {"Authorization": f"SOTicket {ticket}"})).status == 403
    [known] = await town.app.credentials.tokens()
    await town.app.credentials.revoke_token(known.id)
    assert refused_as(await soap(town, "Pocket", PUSH, ticket=ticket)) == "SoSessionException"


async def test_a_machines_ticket_sends_and_owns_no_inbox(town: Town) -> None:
    ticket = await exchanged(town, await a_token(town, Scope.ADMIN))
    assert succeeded(await soap(town, "Pocket", PUSH, ticket=ticket))
    assert (await town.ask("GET", "/api/v2/inbox", {"Authorization": f"SOTicket {ticket}"})).status == 403


async def test_a_token_of_a_plain_user_makes_no_administrator(town: Town) -> None:
    ticket = await exchanged(town, await a_token(town, Scope.ADMIN, user=101))
    devices = "<p:GetRegisteredDevices><p:AssociateId>103</p:AssociateId></p:GetRegisteredDevices>"
    assert refused_as(await soap(town, "Pocket", devices, ticket=ticket)) == "SoSentryException"


async def test_an_expired_an_unknown_and_another_companys_token_sign_nobody_in(town: Town) -> None:
    expired = await a_token(town, Scope.PUSH, days=1e-9)
    theirs = await a_token(town, Scope.PUSH, company=2)
    assert await exchanged(town, expired) == ""
    assert await exchanged(town, "8A:unknown") == ""
    assert await exchanged(town, theirs, path="/Cust1") == ""
    assert await exchanged(town, theirs, path="/Cust2") != ""
    assert (await agents(town, "Messaging/GetPlugins", {}, f"Bearer {theirs}", path="/Cust1")).status in (401, 404)


async def test_a_disabled_users_token_ends_with_the_user(town: Town) -> None:
    token = await a_token(town, Scope.PUSH, user=103)
    user = await town.app.directory.user(103)
    assert user is not None
    await town.app.people.set_active(user, False)
    assert (await agents(town, "Pocket/SendPushNotification", PUSH_BODY, f"Bearer {token}")).status == 401


async def test_where_applications_must_be_registered_each_reaches_the_agents_it_was_granted(tmp_path: Path) -> None:
    async with a_town(tmp_path, soap=SoapSettings(application_tokens=ApplicationTokens.REQUIRED)) as town:
        made = await town.app.credentials.add_application("Beacon", ["Pocket", "SoPrincipal"], list(AGENTS))
        for application in ("", "ha_unknown"):
            heard = await soap(town, "Pocket", PUSH, ticket=town.ticket, application=application)
            assert (heard.status, refused_as(heard)) == (200, "SoSentryException")
        assert succeeded(await soap(town, "Pocket", PUSH, ticket=town.ticket, application=made.text))
        restricted = await soap(town, "Messaging", PLUGINS, ticket=town.ticket, application=made.text)
        assert refused_as(restricted) == "SoSentryException"
        over_json = await agents(town, "Messaging/GetPlugins", {}, f"SOTicket {town.ticket}", SO_AppToken=made.text)
        assert over_json.json()["ErrorType"] == "SoSentryException"  # type: ignore[index]

        await town.app.credentials.grant("Beacon", ["messaging"], list(AGENTS))
        assert succeeded(await soap(town, "Messaging", PLUGINS, ticket=town.ticket, application=made.text))
        over_json = await agents(town, "Messaging/GetPlugins", {}, f"SOTicket {town.ticket}", SO_AppToken=made.text)
        assert over_json.status == 200
        await town.app.credentials.revoke("Beacon", [], list(AGENTS))
        assert refused_as(await soap(town, "Pocket", PUSH, ticket=town.ticket, application=made.text))


async def test_where_they_need_not_be_registered_application_tokens_are_not_looked_at(town: Town) -> None:
    assert succeeded(await soap(town, "Pocket", PUSH, ticket=town.ticket, application="anything"))


async def test_revoked_tickets_end_and_the_tenant_in_the_path_is_the_tickets(town: Town) -> None:
    assert succeeded(await soap(town, "Pocket", PUSH, ticket=town.ticket, path="/Cust1"))
    assert refused_as(await soap(town, "Pocket", PUSH, ticket=town.ticket, path="/Cust2")) == "SoSessionException"
    user = await town.app.directory.user(101)
    assert user is not None
    assert await town.app.people.revoke_tickets(user) == 1
    assert refused_as(await soap(town, "Pocket", PUSH, ticket=town.ticket)) == "SoSessionException"


async def test_two_programs_of_one_user_do_not_share_idempotency_keys(town: Town) -> None:
    tokens = [await a_token(town, Scope.PUSH, user=101) for _ in range(2)]
    heard = [
        await agents(town, "Pocket/SendPushNotification", PUSH_BODY, f"Bearer {token}", Idempotency_Key="k1")
        for token in (*tokens, tokens[0])
    ]
    assert ["idempotent-replay" in each.headers for each in heard] == [False, False, True]
    assert json.dumps(heard[0].headers["heliograph-message-id"]) != json.dumps(
        heard[1].headers["heliograph-message-id"]
    )


@pytest.mark.parametrize("name", ["keeper101", "nobody-at-all"])
async def test_after_too_many_wrong_passwords_further_ones_are_refused_unread(tmp_path: Path, name: str) -> None:
    async with a_town(tmp_path, sign_in=SignInSettings(failures_per_account=3)) as town:
        inner = (
            f"<p:AuthenticateUsernamePassword><p:UserName>{name}</p:UserName><p:Password>{{}}</p:Password>"
            "</p:AuthenticateUsernamePassword>"
        )
        for _ in range(3):
            assert succeeded(await soap(town, "SoPrincipal", inner.format("wrong")))
        refused = await soap(town, "SoPrincipal", inner.format(PASSWORD))
        assert not succeeded(refused)
        assert int(refused.headers["retry-after"]) > 0
        basic = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
        assert (await town.ask("GET", "/api/v2/inbox", {"Authorization": f"Basic {basic}"})).status == 429
        assert (await town.get("/api/v2/inbox")).status == 200, "whoever has a ticket is not concerned"
