"""A question answered from the inbox and by its link, and what the sender then hears of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from heliograph.config.settings import LogSettings, PushSettings, ServerSettings
from heliograph.core.errors import NotFound
from heliograph.core.message import PushType
from heliograph.intake.answer_links import Asked
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.asking import Heard
from heliograph.testing.builders import a_device
from heliograph.testing.running import Town, a_town
from heliograph.testing.servers.webhook import WebhookServer
from heliograph.testing.tools import LOOPBACK
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def ask(town: Town, *, type: PushType = PushType.QUESTION, title: str = "Storm & <b>") -> Asked:
    message = PocketNotificationMessage(title=title, message="Will you come?", type=type)
    await town.app.services.call("SendPushNotification", {"associate_ids": [101], "message": message}, town.caller)
    [item] = await town.inbox(1)
    return Asked(1, 101, item.message_id, item.delivery_id)


async def post(town: Town, target: str, body: bytes, headers: dict[str, str]) -> Heard:
    return await town.ask("POST", target, {"Authorization": f"SOTicket {town.ticket}", **headers}, body)


async def answer(town: Town, value: object, item_id: int | None = None) -> Heard:
    [item] = await town.inbox(1)
    body = msgspec.json.encode({"answer": value})
    return await post(town, f"/api/v2/inbox/{item_id or item.id}/answer", body, JSON)


async def status(town: Town, message_id: int) -> int:
    call = await town.app.services.call("GetDeliveryStatus", {"messaging_ids": [message_id]}, town.caller)
    return int(call.result[0].status)


async def test_a_question_is_sent_read_and_replied(town: Town) -> None:
    asked = await ask(town)
    assert (await town.get("/api/v2/inbox/unread")).json() == {"unread": 1}
    [item] = await town.inbox(1)
    await town.ask("POST", f"/api/v2/inbox/{item.id}/read", {"Authorization": f"SOTicket {town.ticket}"})
    assert await status(town, asked.message_id) == 3
    assert (await town.get("/api/v2/inbox/unread")).json() == {"unread": 0}
    heard = await answer(town, "yes")
    told: Any = heard.json()
    assert (heard.status, told["state"]) == (200, "answered")
    assert await status(town, asked.message_id) == 4
    ledger: Any = (await town.get(f"/api/v2/messages/{asked.message_id}")).json()
    assert ledger["status"] == "replied"
    assert [(each["associate_id"], each["answer"]) for each in ledger["answers"]] == [(101, "yes")]


async def test_the_other_answer_comes_too_late(town: Town) -> None:
    await ask(town)
    assert [(await answer(town, value)).status for value in ("no", "no", "yes")] == [200, 200, 409]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b'{"answer": "perhaps"}', "application/json", 400),
        (b'{"answer": true}', "application/json", 400),
        (b"{}", "application/json", 400),
        (b'["yes"]', "application/json", 400),
        (b'{"answer": "yes", "answer": "no"}', "application/json", 400),
        (b'{"answer": "yes"', "application/json", 400),
        (b"", "application/json", 400),
        (b"answer=yes", "application/x-www-form-urlencoded", 400),
        (b'{"answer": "' + b"y" * 20_000 + b'"}', "application/json", 413),
    ],
)
async def test_a_body_that_is_no_answer_is_refused(town: Town, body: bytes, content_type: str, expected: int) -> None:
    asked = await ask(town)
    [item] = await town.inbox(1)
    heard = await post(town, f"/api/v2/inbox/{item.id}/answer", body, {"Content-Type": content_type})
    assert heard.status == expected, heard.text
    assert await status(town, asked.message_id) == 1


async def test_what_asks_nothing_and_what_is_another_users_is_not_answered(town: Town) -> None:
    await ask(town, type=PushType.MESSAGE)
    assert (await answer(town, "yes")).status == 400
    assert (await answer(town, "yes", item_id=999)).status == 404


async def test_the_link_shows_the_question_and_a_button_answers_it(town: Town) -> None:
    asked = await ask(town)
    link = f"/answer/{town.app.links.token(asked)}"
    for _ in range(2):  # looking changes nothing
        shown = await town.ask("GET", link)
        assert shown.status == 200
        assert "Will you come?" in shown.text
        assert "<b>" not in shown.text
        assert len(re.findall("<button", shown.text)) == 2
        assert "form-action 'self'" in shown.headers["content-security-policy"]
    assert await status(town, asked.message_id) == 1
    done = await town.ask("POST", link, FORM, b"answer=no")
    assert (done.status, "<button" in done.text, "Your answer: <strong>no" in done.text) == (200, False, True)
    assert await status(town, asked.message_id) == 4
    again = await town.ask("POST", link, FORM, b"answer=yes")
    assert (again.status, "Your answer: <strong>no" in again.text) == (409, True)
    assert [item.state.value for item in await town.inbox(1)] == ["answered"]


@pytest.mark.parametrize("body", [b"", b"answer=maybe", b"answer=", b"\xff\xfe", b"a&b&c&d&e&f&g", b"x" * 5000])
async def test_a_form_that_is_no_answer_changes_nothing(town: Town, body: bytes) -> None:
    asked = await ask(town)
    heard = await town.ask("POST", f"/answer/{town.app.links.token(asked)}", FORM, body)
    assert heard.status in (400, 413)
    assert await status(town, asked.message_id) == 1


async def test_a_link_made_up_or_changed_or_of_someone_disabled_leads_nowhere(town: Town) -> None:
    asked = await ask(town)
    token = town.app.links.token(asked)
    changed = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    for wrong in ("x", changed, "%00", "A" * 300):
        assert (await town.ask("GET", f"/answer/{wrong}")).status == 404
        assert (await town.ask("POST", f"/answer/{wrong}", FORM, b"answer=yes")).status == 404
    await town.app.people.set_active(town.user, False)
    assert (await town.ask("GET", f"/answer/{token}")).status == 404


async def test_no_single_character_of_a_link_can_be_another(town: Town) -> None:
    asked = await ask(town)
    token = town.app.links.token(asked)
    for at in range(len(token)):
        for other in ("A", "B", "-", "w"):
            if token[at] != other:
                with pytest.raises(NotFound):
                    town.app.links.read(token[:at] + other + token[at + 1 :])
    for longer in (f"{token}A", f"{token}=", token[:-1], f" {token}"):
        with pytest.raises(NotFound):
            town.app.links.read(longer)
    assert town.app.links.read(token) == asked


async def test_a_link_is_worth_nothing_to_another_gateway(town: Town, tmp_path: Path) -> None:
    asked = await ask(town)
    async with a_town(tmp_path / "another") as other:
        assert (await other.ask("GET", f"/answer/{town.app.links.token(asked)}")).status == 404


async def test_when_the_time_is_over_the_page_says_so_and_has_no_buttons(tmp_path: Path) -> None:
    async with a_town(tmp_path, push=PushSettings(answer_time=0.3)) as town:
        asked = await ask(town)
        link = f"/answer/{town.app.links.token(asked)}"
        await asyncio.sleep(0.4)
        shown = await town.ask("GET", link)
        assert (shown.status, "<button" in shown.text) == (200, False)
        assert "The time to answer this question is over." in shown.text
        late = await town.ask("POST", link, FORM, b"answer=yes")
        assert (late.status, "<button" in late.text) == (409, False)
        assert await status(town, asked.message_id) == 1


@pytest.fixture
async def talkative(tmp_path: Path) -> AsyncIterator[Town]:
    """A gateway that logs every request."""
    async with a_town(tmp_path, server=ServerSettings(port=0), log=LogSettings(level="debug")) as town:
        yield town


async def test_the_log_of_requests_never_shows_a_link(talkative: Town) -> None:
    asked = await ask(talkative)
    token = talkative.app.links.token(asked)
    with structlog.testing.capture_logs() as lines:
        await talkative.ask("GET", f"/answer/{token}")
    assert any(line.get("path") == "/answer/(hidden)" for line in lines)
    assert token not in str(lines)


async def test_a_webhook_gets_the_question_with_a_link_and_hears_the_answer(tmp_path: Path) -> None:
    secret = "whsec_" + "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3"
    async with WebhookServer(secrets=[secret]) as endpoint:
        areas: dict[str, Any] = {
            "server": ServerSettings(port=0, public_url="https://gateway.example"),
            "outbound": LOOPBACK,
            "push": PushSettings(routes={"WebPush": "hook", "Google": "hook"}, answers="hook"),
            "channels": {
                "inbox": {"kind": "inbox"},
                "hook": {"kind": "webhook", "secrets": [secret], "url": f"{endpoint.url}/in"},
            },
        }
        async with a_town(tmp_path, **areas) as town:
            await town.app.directory.put_device(a_device(0))
            await ask(town)
            question = await nth(endpoint, 1)
            assert question["type"] == "message.push"
            link = question["data"]["answer_url"].removeprefix("https://gateway.example")
            assert (await town.ask("POST", link, FORM, b"answer=yes")).status == 200
            assert (await town.ask("POST", link, FORM, b"answer=yes")).status == 200
            told = msgspec.json.decode((await nth(endpoint, 2))["data"]["body"])
            assert (told["type"], told["value"], told["associate_id"]) == ("message.answered", "yes", 101)
            assert await status(town, told["message_id"]) == 4
            await asyncio.sleep(0.1)
            assert len(endpoint.verified) == 2


async def nth(endpoint: WebhookServer, count: int) -> Any:
    """The body of that request, once it has come."""
    await until(lambda: len(endpoint.verified) >= count)
    return endpoint.verified[count - 1].json
