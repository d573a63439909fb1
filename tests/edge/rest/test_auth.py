"""Credentials in the Authorization header."""

from __future__ import annotations

import base64

import pytest

from heliograph.testing.asking import say
from heliograph.testing.running import PASSWORD, Town

pytestmark = pytest.mark.anyio


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


async def status(town: Town, headers: dict[str, str]) -> int:
    return (await town.ask("GET", "/api/v2/inbox", headers)).status


async def test_every_way_of_signing_in_opens_the_same_inbox(town: Town) -> None:
    for headers in (
        {"Authorization": f"SOTicket {town.ticket}"},
        {"Authorization": f"SOTICKET  {town.ticket}"},
        basic(f"keeper101:{PASSWORD}"),
        basic(f"KEEPER101@example.com:{PASSWORD}"),
        basic(f"{town.ticket}:"),
        basic(f"{town.ticket}:whatever"),
    ):
        assert await status(town, headers) == 200


async def test_every_other_credential_is_told_in_words_that_tell_nothing(town: Town) -> None:
    told = set()
    for headers in (basic("keeper101:wrong"), basic("nobody:wrong"), basic("keeper102:wrong"), basic("no colon")):
        heard = await town.ask("GET", "/api/v2/inbox", headers)
        assert heard.status == 401
        told.add(heard.text)
    assert len(told) == 1


@pytest.mark.parametrize(
    "value", ["", "SOTicket", "Basic ???", "Basic", "Bearer x", "Negotiate YII=", "Basic /////w=="]
)
async def test_what_is_no_credential_is_refused(town: Town, value: str) -> None:
    assert await status(town, {"Authorization": value}) == 401


async def test_two_authorization_headers_are_refused(town: Town) -> None:
    line = f"Authorization: SOTicket {town.ticket}\r\n"
    heard = await say(town.url, f"GET /api/v2/inbox HTTP/1.1\r\nHost: here\r\n{line}{line}\r\n".encode())
    assert heard.status == 401


async def test_a_password_is_checked_once_and_its_ticket_used_again(town: Town) -> None:
    headers = basic(f"keeper101:{PASSWORD}")
    for _ in range(3):
        assert await status(town, headers) == 200
    revoked = await town.app.directory.revoke_tickets(101)
    assert revoked == 2  # the test's own and one for the three requests


async def test_a_changed_password_ends_what_was_remembered(town: Town) -> None:
    headers = basic(f"keeper101:{PASSWORD}")
    assert await status(town, headers) == 200
    user = await town.app.directory.user(101)
    assert user is not None
    await town.app.people.set_password(user, "another lamp that turns")
    assert await status(town, headers) == 401
    assert await status(town, basic("keeper101:another lamp that turns")) == 200


async def test_a_page_of_another_site_cannot_use_the_password_a_browser_remembers(town: Town) -> None:
    headers = {**basic(f"keeper101:{PASSWORD}"), "Sec-Fetch-Site": "cross-site"}
    assert await status(town, headers) == 403
    assert await status(town, {**headers, "Sec-Fetch-Site": "same-origin"}) == 200
