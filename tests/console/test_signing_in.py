"""Who gets into the console, for how long, and what no other page can make a browser do there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.console.conftest import promote
from tests.console.visitor import Visitor, words
from tests.edge.ways_in import WAYS

from heliograph.config.settings import ConsoleSettings, ServerSettings, SignInSettings
from heliograph.testing.running import PASSWORD, Town, a_town
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio


async def test_an_administrator_signs_in_with_a_password_and_out_again(town: Town) -> None:
    visitor = Visitor(town)
    heard = await visitor.sign_in()
    assert (heard.status, heard.headers["location"]) == (303, "/console")
    cookie = heard.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/console", "max-age=43200"} <= set(cookie.split("; "))
    assert "secure" not in cookie, "this page came over HTTP"
    page = await visitor.get()
    assert page.status == 200
    assert "Keeper 101" in page.text
    assert (await visitor.press("/sign-out")).headers["location"] == "/console/sign-in"
    visitor.cookie = cookie.partition(";")[0]
    assert (await visitor.get()).status == 401, "the session has ended, not just the cookie"


async def test_a_code_of_the_command_line_opens_the_whole_gateway_once(town: Town) -> None:
    code = await town.app.operators.make_code()
    first, second = Visitor(town), Visitor(town)
    assert (await first.post("/sign-in", {"code": f" {code.upper()} "})).status == 303
    assert "whole gateway" in (await first.get()).text
    heard = await second.post("/sign-in", {"code": code})
    assert heard.status == 401
    assert "This code is not valid" in words(heard)


@pytest.mark.parametrize(
    ("user_name", "password", "status"),
    [
        ("keeper101", "wrong", 401),
        ("nobody", PASSWORD, 401),
        ("", "", 401),
        ("7T:MAA3AGYAMQA=", PASSWORD, 401),
        ("keeper101\0", PASSWORD, 401),
        ("\ud800", PASSWORD, 400),
    ],
)
async def test_nobody_else_gets_in(town: Town, user_name: str, password: str, status: int) -> None:
    visitor = Visitor(town)
    if user_name == "\ud800":
        heard = await visitor._ask("POST", "/sign-in", {"Origin": town.url}, b"user_name=\xed\xa0\x80&password=x")
    else:
        heard = await visitor.sign_in(user_name, password)
    assert heard.status == status
    assert visitor.cookie == ""
    assert (await visitor.get()).status == 401


async def test_a_ticket_as_user_name_opens_no_console(town: Town) -> None:
    visitor = Visitor(town)
    assert (await visitor.sign_in(town.ticket, "")).status == 401


async def test_a_user_who_is_no_administrator_is_told_so_and_stays_outside(town: Town) -> None:
    user = await town.app.directory.user(103)
    assert user is not None
    await town.app.people.set_password(user, PASSWORD)
    heard = await Visitor(town).sign_in("keeper103")
    assert heard.status == 403
    assert "for administrators" in words(heard)


async def test_guesses_are_limited_as_everywhere(tmp_path: Path) -> None:
    async with a_town(tmp_path, sign_in=SignInSettings(failures_per_account=2)) as town:
        await promote(town, 101)
        visitor = Visitor(town)
        for _ in range(2):
            assert (await visitor.sign_in(password="wrong")).status == 401
        heard = await visitor.sign_in()
        assert heard.status == 429
        assert int(heard.headers["retry-after"]) > 0


@pytest.mark.parametrize("end", ["password", "revoked", "disabled", "demoted", "signed out by the command line"])
async def test_a_sign_in_ends_at_once_with_what_it_rests_on(town: Town, end: str) -> None:
    visitor = Visitor(town)
    await visitor.sign_in()
    assert (await visitor.get()).status == 200
    user = await town.app.directory.user(101)
    assert user is not None
    if end == "password":
        await town.app.people.set_password(user, "another lamp that turns")
    elif end == "revoked":
        await town.app.people.revoke_tickets(user)
    elif end == "disabled":
        await town.app.people.set_active(user, False)
    elif end == "demoted":
        from msgspec.structs import replace

        from heliograph.core.people import Role

        await town.app.directory.update_user(replace(user, role=Role.USER))
    else:
        assert await town.app.operators.end(None) == 1
    heard = await visitor.get()
    assert heard.status == 401
    assert "This sign-in has ended" in words(heard)


async def test_a_sign_in_ends_when_nobody_uses_it_and_a_page_that_watches_is_nobody(tmp_path: Path) -> None:
    async with a_town(tmp_path, console=ConsoleSettings(idle=0.6)) as town:
        await promote(town, 101)
        visitor = Visitor(town)
        await visitor.sign_in()
        for _ in range(4):
            await asyncio.sleep(0.2)
            last = await visitor.get(X_Heliograph_Watching="1")
        assert last.status == 401


async def test_a_sign_in_ends_whatever_its_use(tmp_path: Path) -> None:
    async with a_town(tmp_path, console=ConsoleSettings(lifetime=2)) as town:
        visitor = Visitor(town)
        await visitor.with_code()
        assert (await visitor.get()).status == 200
        await until(visitor.get, lambda heard: heard.status == 401)


# ------------------------------------------------------------------- other pages


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
    ids=str,
)
async def test_a_form_of_another_page_changes_nothing(operator: Visitor, headers: dict[str, str]) -> None:
    await operator.get("/scripts")
    for path in ("/scripts/reload", "/sign-out", "/messages/1/retry", "/access/end", "/channels/check"):
        assert (await operator.press(path, headers=headers)).status == 403
    assert (await operator.get()).status == 200
    stranger = Visitor(operator.town)
    given: dict[str, str | list[str]] = {"user_name": "keeper101", "password": PASSWORD}
    assert (await stranger.post("/sign-in", given, headers=dict(headers))).status == 403


@pytest.mark.parametrize("token", ["", "0" * 40, "x"])
async def test_a_form_without_this_session_s_token_changes_nothing(operator: Visitor, token: str) -> None:
    heard = await operator.post("/sign-out", {"token": token})
    assert heard.status == 403
    assert (await operator.get()).status == 200


async def test_the_token_of_one_session_does_not_serve_another(town: Town, operator: Visitor) -> None:
    other = Visitor(town)
    await other.with_code()
    other.page = await operator.get()
    assert (await other.press("/sign-out")).status == 403


@pytest.mark.parametrize(
    ("after", "leads"),
    [
        ("/console/messages/5?state=failed", "/console/messages/5?state=failed"),
        ("https://evil.example/", "/console"),
        ("//evil.example", "/console"),
        ("/console//evil.example", "/console"),
        ("/console/../apiexplorer", "/console"),
        ("/console\\@evil.example", "/console"),
        ("/consolation", "/console"),
        ("javascript:alert(1)", "/console"),
    ],
)
async def test_signing_in_leads_to_the_console_and_nowhere_else(town: Town, after: str, leads: str) -> None:
    heard = await Visitor(town).sign_in(after=after)
    assert heard.headers["location"] == leads


# ------------------------------------------------------------------- HTTPS


async def test_from_another_machine_nobody_signs_in_over_plain_http(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await promote(town, 101)
        elsewhere = Visitor(town, "http://gateway.example.com:8025")
        page = await elsewhere.get("/sign-in")
        assert "plain HTTP" in words(page)
        assert "<form" not in page.text
        assert (await elsewhere.sign_in()).status == 403


async def test_plain_http_can_be_allowed(tmp_path: Path) -> None:
    async with a_town(tmp_path, console=ConsoleSettings(plain_http=True)) as town:
        await promote(town, 101)
        assert (await Visitor(town, "http://gateway.example.com:8025").sign_in()).status == 303


async def test_behind_a_proxy_with_https_the_cookie_travels_by_https_alone(tmp_path: Path) -> None:
    server = ServerSettings(port=0, public_url="https://gateway.example.com")
    async with a_town(tmp_path, server=server) as town:
        await promote(town, 101)
        visitor = Visitor(town, "https://gateway.example.com")
        heard = await visitor.sign_in()
        assert heard.headers["set-cookie"].startswith("__Secure-heliograph-console=")
        assert "; secure" in heard.headers["set-cookie"].lower()
        assert heard.headers["strict-transport-security"].startswith("max-age=")
        assert (await visitor.get()).status == 200
        visitor.cookie = visitor.cookie.removeprefix("__Secure-")
        assert (await visitor.get()).status == 401, "one that somebody planted over plain HTTP is not taken"


@pytest.mark.parametrize(("server", "headers", "secure"), WAYS)
async def test_the_cookie_has_the_name_of_https_where_the_browser_came_by_it(
    tmp_path: Path, server: dict[str, Any], headers: dict[str, str], secure: bool
) -> None:
    async with a_town(
        tmp_path, server=ServerSettings(port=0, **server), console=ConsoleSettings(plain_http=True)
    ) as town:
        await promote(town, 101)
        fields: dict[str, str | list[str]] = {"user_name": "keeper101", "password": PASSWORD}
        heard = await Visitor(town).post("/sign-in", fields, {"Sec-Fetch-Site": "same-origin", **headers})
    assert heard.headers["set-cookie"].startswith("__Secure-") is secure
    assert ("strict-transport-security" in heard.headers) is secure


async def test_no_password_is_taken_from_a_browser_that_came_to_the_proxy_by_plain_http(tmp_path: Path) -> None:
    server = ServerSettings(port=0, public_url="https://gateway.example.com", trusted_proxies=["127.0.0.1"])
    async with a_town(tmp_path, server=server) as town:
        await promote(town, 101)
        visitor = Visitor(town, "http://gateway.example.com")
        told = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-Proto": "http"}
        fields: dict[str, str | list[str]] = {"user_name": "keeper101", "password": PASSWORD}
        assert (await visitor.post("/sign-in", fields, told)).status == 403


# ------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("console", "password", "code"),
    [({"administrators": "off"}, 403, 303), ({"enabled": False}, 404, 404)],
    ids=["administrators may not", "no console"],
)
async def test_settings_narrow_who_may(tmp_path: Path, console: dict[str, Any], password: int, code: int) -> None:
    async with a_town(tmp_path, console=ConsoleSettings(**console)) as town:
        await promote(town, 101)
        assert (await Visitor(town).sign_in()).status == password
        assert (await Visitor(town).with_code()).status == code


async def test_a_console_that_is_for_the_gateway_shows_it_to_administrators(tmp_path: Path) -> None:
    async with a_town(tmp_path, console=ConsoleSettings(administrators="gateway")) as town:
        await promote(town, 101)
        visitor = Visitor(town)
        await visitor.sign_in()
        assert "whole gateway" in (await visitor.get("/channels")).text
