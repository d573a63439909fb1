"""The inbox page's session: what its cookie lets in, what it does not, and who may use it."""

from __future__ import annotations

import base64
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.edge.ways_in import WAYS

from heliograph.config.settings import ServerSettings, TicketSettings
from heliograph.core.access import Scope
from heliograph.core.people import Role
from heliograph.edge.inbox.pages import FILES, PATH, SESSION
from heliograph.edge.inbox.session import COOKIE
from heliograph.intake.sign_in import secret_hash
from heliograph.testing.asking import Heard
from heliograph.testing.builders import a_user, an_item
from heliograph.testing.running import PASSWORD, Town, a_town

pytestmark = pytest.mark.anyio

OURS = {"Sec-Fetch-Site": "same-origin"}
JSON = {"Content-Type": "application/json"}


async def sign_in(town: Town, user: str = "keeper101", password: str = PASSWORD, **headers: str) -> Heard:
    body = msgspec.json.encode({"user": user, "password": password})
    return await town.ask("POST", SESSION, JSON | OURS | headers, body)


def cookie_of(heard: Heard) -> str:
    return f"{COOKIE}={SimpleCookie(heard.headers['set-cookie'])[COOKIE].value}"


async def test_signing_in_gives_a_cookie_that_no_script_reads_and_no_other_site_sends(town: Town) -> None:
    heard = await sign_in(town)
    assert heard.status == 200
    assert heard.json() == {"user": {"name": "Keeper 101", "company": "Lighthouse Keepers"}, "push": "", "stay": True}
    said = heard.headers["set-cookie"]
    assert "HttpOnly" in said
    assert "SameSite=strict" in said
    assert "Secure" not in said, "this gateway is reached over http"
    assert "Max-Age" not in said, "it ends with the browser"
    assert town.ticket not in said
    mine = await town.ask("GET", SESSION, {"Cookie": cookie_of(heard)})
    assert mine.json() == heard.json()


@pytest.mark.parametrize(("offered", "days"), [(20 * 86400.0, 20), (0.0, 0)])
async def test_who_asks_to_stay_signed_in_stays_for_as_long_as_the_operator_allows(
    tmp_path: Path, offered: float, days: int
) -> None:
    async with a_town(tmp_path, tickets=TicketSettings(stay=offered)) as town:
        body = msgspec.json.encode({"user": "keeper101", "password": PASSWORD, "stay": True})
        heard = await town.ask("POST", SESSION, JSON | OURS, body)
        assert (f"Max-Age={days * 86400};" in heard.headers["set-cookie"]) is bool(days)
        value = SimpleCookie(heard.headers["set-cookie"])[COOKIE].value
        kept = await town.app.directory.ticket(secret_hash(base64.urlsafe_b64decode(value + "==").decode()))
        assert kept is not None
        expected = offered or TicketSettings().lifetime
        assert abs(kept.valid_to - town.app.clock.now() - expected * 1000) < 10_000
        await town.ask("GET", "/api/v2/inbox", {"Cookie": cookie_of(heard)})
        again = await town.app.directory.ticket(kept.hash)
        assert again is not None
        assert again.valid_to == kept.valid_to, "its use makes it no shorter"


@pytest.mark.parametrize(("server", "headers", "secure"), WAYS)
async def test_the_cookie_is_for_https_alone_where_the_browser_came_by_it(
    tmp_path: Path, server: dict[str, Any], headers: dict[str, str], secure: bool
) -> None:
    async with a_town(tmp_path, server=ServerSettings(port=0, **server)) as town:
        begun = await sign_in(town, **headers)
        ended = await town.ask("DELETE", SESSION, OURS | headers | {"Cookie": cookie_of(begun)})
    assert ["Secure" in heard.headers["set-cookie"] for heard in (begun, ended)] == [secure, secure]


async def test_a_wrong_password_and_a_wrong_name_are_refused_alike_and_without_a_window_of_the_browsers(
    town: Town,
) -> None:
    wrong = [
        await sign_in(town, password="wrong"),
        await sign_in(town, user="nobody"),
        await sign_in(town, "keeper102"),
    ]
    assert {heard.status for heard in wrong} == {401}
    assert len({heard.body for heard in wrong}) == 1
    assert "basic" not in wrong[0].headers["www-authenticate"].lower()
    assert "set-cookie" not in wrong[0].headers


async def test_guessing_is_slowed_down_here_as_at_every_door(town: Town) -> None:
    statuses = [(await sign_in(town, password=f"guess {number}")).status for number in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_the_cookie_opens_the_own_inbox_and_devices(town: Town) -> None:
    cookie = {"Cookie": cookie_of(await sign_in(town))}
    [item] = await town.app.store.inbox.put([an_item(1, associate_id=101, message_id=0)])
    page = await town.ask("GET", "/api/v2/inbox", cookie)
    assert [each["id"] for each in page.json()["items"]] == [item.id]  # type: ignore[index]
    read = await town.ask("POST", f"/api/v2/inbox/{item.id}/read", cookie | OURS)
    assert (read.status, read.json()["state"]) == (200, "read")  # type: ignore[index]
    assert (await town.ask("GET", "/api/v2/device", cookie)).json() == {"devices": []}


async def test_the_cookie_opens_nothing_else_even_to_an_administrator(town: Town) -> None:
    keeper = await town.app.directory.add_user(a_user(104, role=Role.ADMINISTRATOR))
    await town.app.people.set_password(keeper, PASSWORD)
    cookie = {"Cookie": cookie_of(await sign_in(town, "keeper104"))} | OURS
    for method, path in (
        ("GET", "/api/v2/messages/1"),
        ("GET", "/api/v2/user"),
        ("POST", "/api/v1/Agents/Pocket/SendPushNotification"),
    ):
        heard = await town.ask(method, path, cookie | JSON, b"{}" if method == "POST" else b"")
        assert heard.status in (401, 403), f"{method} {path}: {heard.status} {heard.text}"


async def test_a_tokens_ticket_gains_nothing_by_being_put_into_a_cookie(town: Town) -> None:
    user = await town.app.directory.user(101)
    for scope, status in ((Scope.PUSH, 403), (Scope.DEVICES, 403), (Scope.INBOX, 200), (Scope.ADMIN, 200)):
        token = await town.app.credentials.add_token(1, "program", [scope], user=user)
        _, ticket = await town.app.sign_in.exchange(token.text)
        value = base64.urlsafe_b64encode(ticket.encode()).rstrip(b"=").decode()
        heard = await town.ask("GET", "/api/v2/inbox", {"Cookie": f"{COOKIE}={value}"})
        assert heard.status == status, scope
        who = (await town.ask("GET", SESSION, {"Cookie": f"{COOKIE}={value}"})).json()
        assert (who["user"] is not None) is (status == 200)  # type: ignore[index]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "ours"},  # a page of http://host, to https://host
    ],
)
async def test_no_other_page_changes_anything_with_the_cookie(town: Town, headers: dict[str, str]) -> None:
    cookie = {"Cookie": cookie_of(await sign_in(town))}
    headers = {name: town.url if value == "ours" else value for name, value in headers.items()}
    [item] = await town.app.store.inbox.put([an_item(1, associate_id=101, message_id=0)])
    for method, path in (
        ("POST", f"/api/v2/inbox/{item.id}/read"),
        ("POST", "/api/v2/device"),
        ("DELETE", "/api/v2/device/1"),
        ("DELETE", SESSION),
        ("POST", SESSION),
    ):
        body = b"{}" if method == "POST" else b""
        heard = await town.ask(method, path, cookie | headers | (JSON if body else {}), body)
        assert heard.status == 403, f"{method} {path}: {heard.status} {heard.text}"
    assert await town.app.inbox.unread(town.caller) == 1
    assert (await town.ask("GET", SESSION, cookie)).json()["user"] is not None  # type: ignore[index]


async def test_a_page_of_this_host_counts_as_ours_where_the_browser_tells_only_its_origin(town: Town) -> None:
    cookie = {"Cookie": cookie_of(await sign_in(town))}
    [item] = await town.app.store.inbox.put([an_item(1, associate_id=101, message_id=0)])
    heard = await town.ask("POST", f"/api/v2/inbox/{item.id}/read", cookie | {"Origin": town.url})
    assert heard.status == 200


async def test_signing_out_ends_the_ticket_for_whoever_has_it(town: Town) -> None:
    cookie = {"Cookie": cookie_of(await sign_in(town))}
    assert (await town.ask("GET", "/api/v2/inbox", cookie)).status == 200
    out = await town.ask("DELETE", SESSION, cookie | OURS)
    assert out.status == 204
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert (await town.ask("GET", "/api/v2/inbox", cookie)).status == 401
    assert (await town.ask("GET", SESSION, cookie)).json() == {"user": None, "push": "", "stay": True}
    assert (await town.get("/api/v2/inbox")).status == 200, "another sign-in of the same user goes on"


@pytest.mark.parametrize("value", ["", "x", "7T:abc", "=" * 20, "A" * 600, "AAAA", '"quoted"', "%00"])
async def test_a_cookie_that_is_none_lets_nobody_in(town: Town, value: str) -> None:
    heard = await town.ask("GET", "/api/v2/inbox", {"Cookie": f"{COOKIE}={value}"})
    assert heard.status == 401


async def test_a_revoked_ticket_and_a_disabled_user_end_the_session(town: Town) -> None:
    cookie = {"Cookie": cookie_of(await sign_in(town))}
    await town.app.directory.revoke_tickets(101)
    assert (await town.ask("GET", "/api/v2/inbox", cookie)).status == 401
    cookie = {"Cookie": cookie_of(await sign_in(town))}
    user = await town.app.directory.user(101)
    assert user is not None
    await town.app.directory.update_user(replace(user, active=False))
    assert (await town.ask("GET", "/api/v2/inbox", cookie)).status == 401


async def test_the_pages_headers_let_it_load_nothing_from_elsewhere(town: Town) -> None:
    for path in (PATH, *(f"{PATH}/{name}" for name in FILES)):
        heard = await town.ask("GET", path)
        assert heard.status == 200, path
        policy = heard.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert heard.headers["x-content-type-options"] == "nosniff"
        again = await town.ask("GET", path, {"If-None-Match": heard.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
    assert b"style=" not in (await town.ask("GET", PATH)).body
    assert (await town.ask("GET", f"{PATH}/worker.js")).headers["service-worker-allowed"] == PATH
    assert "service-worker-allowed" not in (await town.ask("GET", f"{PATH}/push.js")).headers
    for name in ("nothing.js", "..%2fpages.py", "inbox.html"):
        assert (await town.ask("GET", f"{PATH}/{name}")).status == 404
