"""The example scripts do what they say, in a running gateway; the guide shows these very files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from heliograph.core.errors import RejectedByHook
from heliograph.core.message import PushType
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.servers.webhook import WebhookServer
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
EXAMPLES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples/scripts").glob("*.py"))}


def only(name: str) -> dict[str, str]:
    return {name: EXAMPLES[name]}


async def contents(town: Any, call: Any) -> Any:
    """What was accepted for this call."""
    view = await town.town.app.query.message(int(call.notes["MessageId"]))
    return view.message.content


async def send(town: Any, text: str) -> Any:
    arguments = {"plugin": "inbox", "outgoing_messages": [OutgoingMessage(to="keeper101", content=text)]}
    return await town.town.app.services.call("SendMessages", arguments, town.town.caller)


async def test_all_examples_serve_side_by_side(scripted: Any) -> None:
    async with scripted(EXAMPLES) as town:
        assert [(each.name, each.state) for each in town.hooks.states()] == [(name, "serving") for name in EXAMPLES]
        assert len(EXAMPLES) == 5


@pytest.mark.parametrize(
    ("hours", "kind", "silent"),
    [
        ({"quiet_from": "00:00", "quiet_to": "23:59:59"}, PushType.MESSAGE, True),
        ({"quiet_from": "00:00", "quiet_to": "23:59:59"}, PushType.IMPORTANT, False),
        ({"quiet_from": "00:00", "quiet_to": "00:00"}, PushType.MESSAGE, False),
    ],
)
async def test_quiet_hours_silence_what_is_not_important(
    scripted: Any, hours: dict[str, str], kind: PushType, silent: bool
) -> None:
    async with scripted(only("quiet_hours.py"), values=hours) as town:
        assert (await contents(town, await town.push(type=kind))).silent is silent


async def test_card_numbers_are_masked_and_order_numbers_are_not(scripted: Any) -> None:
    async with scripted(only("mask_card_numbers.py")) as town:
        call = await town.push("Card 4111 1111 1111 1111", extra_values={"order": "1234567890123456"})
        content = await contents(town, call)
        assert (content.title, content.data) == ("Card **** 1111", {"order": "1234567890123456"})
        await send(town, "pay with 5500-0055-5555-5559 now")
        assert {item.body for item in await town.town.inbox(2)} >= {"pay with **** 5559 now"}


async def test_important_pushes_are_copied_to_mail(scripted: Any) -> None:
    channels = {"inbox": {"kind": "inbox"}, "post": {"kind": "inbox"}}
    async with scripted(only("copy_important_to_mail.py"), channels, values={"mail_plugin": "post"}) as town:
        await town.push("Plain", to=(101, 103))
        await town.push("Storm", to=(101, 103), type=PushType.IMPORTANT, url="https://example.com/storm")
        items = await town.town.inbox(3)
        assert [item.body for item in items if not item.title] == [
            "Storm\n\nThe lamp is lit.\nhttps://example.com/storm"
        ]
        assert len(items) == 3


@pytest.mark.parametrize(
    ("link", "refused"),
    [
        ("https://example.com/a", False),
        ("https://www.Example.com/a", False),
        ("https://example.com.evil.test/a", True),
        ("https://example.com@evil.test/", True),
        ("https://[broken", True),
    ],
)
async def test_links_outside_the_allow_list_are_refused(scripted: Any, link: str, refused: bool) -> None:
    async with scripted(only("refuse_foreign_links.py"), values={"link_hosts": "example.com, intra.test"}) as town:
        for call in (lambda: town.push(url=link), lambda: town.push(f"see {link} today"), lambda: send(town, link)):
            if refused:
                with pytest.raises(RejectedByHook, match="are not allowed here"):
                    await call()
            else:
                await call()
        await town.push("no link at all")


async def test_another_system_is_told_after_sending(scripted: Any) -> None:
    async with WebhookServer() as server:
        url = f"{server.url}/told"
        async with scripted(only("post_after_sending.py"), values={"notify_url": url}) as town:
            await town.push("Lamp", to=(101, 103))
            await until(lambda: len(server.requests) == 1)
            told = server.requests[0].json
            assert told.pop("key")
            assert told == {"title": "Lamp", "recipients": 2, "door": "rest"}
