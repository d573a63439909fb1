"""A push by integration key, from the wire to the inbox."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from heliograph.config.settings import DispatchSettings, RestSettings
from heliograph.core.message import Push
from heliograph.testing.asking import Heard, say
from heliograph.testing.running import KEY, Town, a_town

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
REQUEST = {"Title": "Storm", "Body": "Close the shutters", "CompanyId": 1, "IntegrationKey": KEY}


async def push(town: Town, query: str = "?format=json", **changes: object) -> Heard:
    body = msgspec.json.encode({**REQUEST, "UserEmail": town.user.email, **changes})
    return await town.ask("POST", f"/api/v2/push{query}", JSON, body)


async def stored(town: Town, heard: Heard) -> Push:
    """The push that the answer's header names, as it was kept."""
    message = await town.app.store.outbox.message(int(heard.headers["heliograph-message-id"]))
    assert message is not None
    assert isinstance(message.content, Push)
    return message.content


async def test_a_push_reaches_the_users_inbox(town: Town) -> None:
    assert (await push(town)).status == 200
    [item] = await town.inbox()
    assert (item.title, item.body, item.type) == ("Storm", "Close the shutters", "Message")
    assert item.associate_id == 101


async def test_without_sound_a_push_is_silent(town: Town) -> None:
    assert (await stored(town, await push(town))).silent
    assert not (await stored(town, await push(town, Sound=True))).silent


async def test_expiry_is_how_long_the_device_shows_it_and_the_longest_it_is_tried(town: Town) -> None:
    heard = await push(town, ExpirySecs=90)
    content = await stored(town, heard)
    assert (content.display_seconds, content.data["expiry"]) == (90, "90")
    message = await town.app.store.outbox.message(int(heard.headers["heliograph-message-id"]))
    assert message is not None
    assert message.expires_at - message.created_at == 90_000


async def test_nothing_of_a_refused_push_is_kept(town: Town) -> None:
    for changes in (
        {"IntegrationKey": "wrong"},
        {"Title": ""},
        {"UserEmail": "nobody@example.com"},
        {"ExpirySecs": -1},
    ):
        assert (await push(town, **changes)).status in (400, 401)
    assert await town.app.store.outbox.messages(company_id=None, state=None, before_id=None, limit=10) == []


async def test_the_sender_is_the_company_and_no_user(town: Town) -> None:
    heard = await push(town)
    message = await town.app.store.outbox.message(int(heard.headers["heliograph-message-id"]))
    assert message is not None
    assert (message.company_id, message.sender_id) == (1, None)


async def test_a_chunked_body_is_taken_like_any_other(town: Town) -> None:
    body = msgspec.json.encode({**REQUEST, "UserEmail": town.user.email})
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (body[:7], body[7:]))
    head = b"POST /api/v2/push HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    heard = await say(town.url, head + chunks + b"0\r\n\r\n")
    assert (heard.status, heard.body) == (200, b"{}")


async def test_a_chunked_body_over_the_limit_is_refused_in_the_callers_notation(town: Town) -> None:
    head = b"POST /api/v2/push HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%b\r\n" % (5_000_000, b" " * 5_000_000)
    heard = await say(town.url, head + chunk + b"0\r\n\r\n")
    assert heard.status == 413
    assert b'"RequestEntityTooLarge"' in heard.body


async def test_while_the_store_cannot_take_it_the_answer_is_503_and_says_when_to_try_again(town: Town) -> None:
    await town.app.store.close()
    heard = await push(town)
    assert heard.status == 503
    assert int(heard.headers["retry-after"]) >= 1
    assert b'"ServiceUnavailable"' in heard.body


async def test_a_large_xml_body_is_read_while_others_go_on(town: Town) -> None:
    body = f"<Push><Body>{'b' * 1_000_000}</Body><CompanyId>1</CompanyId><IntegrationKey>{KEY}</IntegrationKey>"
    body += f"<Title>t</Title><UserEmail>{town.user.email}</UserEmail></Push>"
    large = town.ask("POST", "/api/v2/push?format=json", {"Content-Type": "text/xml"}, body.encode())
    answers = await asyncio.gather(large, *[push(town) for _ in range(10)])
    assert {heard.status for heard in answers} == {200}


async def test_with_dispatch_paused_a_push_is_kept(tmp_path: Path) -> None:
    async with a_town(tmp_path, dispatch=DispatchSettings(enabled=False)) as town:
        heard = await push(town)
        assert heard.status == 200
        assert (await stored(town, heard)).title == "Storm"


async def test_the_setting_makes_the_instance_namespace_a_must(tmp_path: Path) -> None:
    async with a_town(tmp_path, rest=RestSettings(require_xmlns_i=True)) as town:
        heard = await town.ask("POST", "/api/v2/push?format=json", {}, b"<Push><Title>t</Title></Push>")
        assert heard.status == 400
        assert b"must declare xmlns:i" in heard.body


async def test_sixty_four_callers_at_once_are_all_accepted_once(town: Town) -> None:
    answers = await asyncio.gather(*[push(town, Title=f"n{n}") for n in range(64)])
    assert {heard.status for heard in answers} == {200}
    assert len({heard.headers["heliograph-message-id"] for heard in answers}) == 64
    assert sorted(item.title for item in await town.inbox(64)) == sorted(f"n{n}" for n in range(64))
