"""Our fake behaves as servers do that we did not write: the same channel comes to the same outcome with Node and nghttpd."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from heliograph.core.delivery import Address
from heliograph.core.outcome import Accepted, Outcome
from heliograph.core.ports import Channel
from heliograph.testing.apns import an_apple
from heliograph.testing.builders import a_letter, a_message, a_push
from heliograph.testing.certificates import Authority
from heliograph.testing.clock import SATURDAY_NOON
from heliograph.testing.servers.apns import said
from heliograph.testing.servers.http2 import Answer

from .peers import FAULTS, NGHTTPD, NODE, comparable, nghttpd, node

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

AUTHORITY = Authority()

#: What the peer does for a token that begins with these digits (see peer.mjs), and the same for our fake.
ACTS: dict[str, Answer | None] = {
    "0a": None,
    "01": said(410, "Unregistered", timestamp=SATURDAY_NOON),
    "02": said(503, "Shutdown", headers={"retry-after": "30"}),
    "03": said(403, "InvalidProviderToken"),
    "04": Answer(status=404, body=b"<html>"),
    **FAULTS,
}


async def outcome(channel: Channel, act: str) -> Outcome:
    letter = a_letter(message=a_message(content=a_push()), address=Address(value=act * 32))
    return comparable(await channel.send(letter))


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
@pytest.mark.parametrize("act", ACTS)
async def test_the_channel_comes_to_the_same_outcome_with_node_as_with_our_fake(tmp_path: Path, act: str) -> None:
    async with (
        node(AUTHORITY, tmp_path) as url,
        an_apple(AUTHORITY, timeout=1.0) as apple,
        an_apple(AUTHORITY, timeout=1.0, endpoint=url) as with_node,
    ):
        for channel in (with_node.channel, apple.channel):  # so that a stream before has been looked at
            assert isinstance(await outcome(channel, "0a"), Accepted)
        answer = ACTS[act]
        if answer is not None:
            apple.server.script(answer)
        assert await outcome(with_node.channel, act) == await outcome(apple.channel, act)
        assert isinstance(await outcome(with_node.channel, "0a"), Accepted)  # and goes on


@pytest.mark.skipif(NGHTTPD is None, reason="nghttpd is not installed")
async def test_the_channel_comes_to_the_same_outcome_with_nghttpd_as_with_our_fake(tmp_path: Path) -> None:
    async with (
        nghttpd(AUTHORITY, tmp_path, {f"3/device/{'aa' * 32}": b""}) as url,
        an_apple(AUTHORITY) as apple,
        an_apple(AUTHORITY, endpoint=url) as with_nghttpd,
    ):
        apple.server.script(Answer(status=200), Answer(status=404, body=b"<html>"))
        assert await outcome(with_nghttpd.channel, "aa") == await outcome(apple.channel, "aa")
        assert await outcome(with_nghttpd.channel, "bb") == await outcome(apple.channel, "bb")


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
async def test_a_thousand_notifications_go_to_node_over_few_connections(tmp_path: Path) -> None:
    async with (
        node(AUTHORITY, tmp_path) as url,
        an_apple(AUTHORITY, timeout=10.0, endpoint=url) as with_node,
    ):
        message = a_message(content=a_push())
        letters = [
            a_letter(message=message, delivery_id=number, address=Address(value=f"0a{number:062x}"))
            for number in range(1, 1001)
        ]
        answers = await asyncio.gather(*map(with_node.channel.send, letters))
        assert len({answer.provider_id for answer in answers if isinstance(answer, Accepted)}) == 1000
