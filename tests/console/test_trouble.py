"""A channel that cannot work says so on the first page, with the reason, in words an operator can act on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.console.visitor import Visitor, words
from tests.ports import deaf_port

from heliograph.testing.running import Town, a_town
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

MAIL = b'{"Plugin": "mail", "OutgoingMessages": [{"To": "ada@example.com", "Content": "Fog"}]}'


async def send(town: Town, plugin: str) -> None:
    headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
    body = MAIL.replace(b'"mail"', f'"{plugin}"'.encode())
    heard = await town.ask("POST", "/api/v1/Agents/Messaging/SendMessages", headers, body)
    assert heard.status == 200, heard.body


async def held_up(town: Town, channel: str) -> None:
    await until(
        town.app.dispatcher.status,
        lambda status: any(lane.channel == channel and (lane.paused or lane.away) for lane in status.lanes),
    )


async def test_a_channel_whose_provider_is_away_and_one_whose_set_up_is_wrong_are_told_apart(tmp_path: Path) -> None:
    with deaf_port() as port:
        mail = {
            "kind": "email",
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "sender": "a@b.example",
        }
        channels = {"inbox": {"kind": "inbox"}, "mail": mail, "stub": {"kind": "stub", "answers": "paused"}}
        async with a_town(tmp_path, channels=channels) as town:
            operator = Visitor(town)
            await operator.with_code()
            for plugin in ("mail", "stub"):
                await send(town, plugin)
                await held_up(town, plugin)

            first = words(await operator.get(""))
            second = words(await operator.get("/channels"))

    assert "2 things need you" in first
    assert "away mail : its provider cannot be reached: connecting: the connection failed." in first
    assert "paused stub : the stub was asked to pause" in first
    assert "provider away connecting: the connection failed It is tried again" in second
    assert "paused because the stub was asked to pause It is tried again" in second
