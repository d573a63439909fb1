"""What holds of APNs holds of FCM and Web Push: with Node and nghttpd the channels come to the same outcomes as with our fakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from heliograph.core.delivery import Address
from heliograph.core.outcome import Accepted, Gone, Outcome
from heliograph.core.ports import Channel
from heliograph.core.subscription import Subscription
from heliograph.testing.builders import a_letter, a_message, a_push
from heliograph.testing.certificates import Authority
from heliograph.testing.fcm import PROJECT, a_google, new_account_key
from heliograph.testing.servers.fcm import error
from heliograph.testing.servers.http2 import Answer
from heliograph.testing.servers.webpush import Browser
from heliograph.testing.webpush import a_web

from .peers import FAULTS, NGHTTPD, NODE, comparable, nghttpd, node

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

AUTHORITY = Authority()
KEY = new_account_key()
BROWSER = Browser("https://push.example")

#: What the peer does for a token that begins with these digits (see peer.mjs), and the same for our fakes.
FCM_ACTS: dict[str, Answer] = {
    "0a": Answer(status=200, body=b'{"name":"projects/p/messages/1"}'),
    "01": error(404, "NOT_FOUND", code="UNREGISTERED"),
    "02": error(503, "UNAVAILABLE", code="UNAVAILABLE", headers={"retry-after": "30"}),
    "03": error(401, "UNAUTHENTICATED", code="THIRD_PARTY_AUTH_ERROR"),
    "04": Answer(status=404, body=b"<html>"),
    **FAULTS,
}
WEB_ACTS: dict[str, Answer] = {
    "0a": Answer(status=201, headers={"ttl": "60"}),
    "01": Answer(status=410),
    "02": Answer(status=429, headers={"retry-after": "30"}),
    "03": Answer(status=403),
    "04": Answer(status=404, body=b"<html>"),
    **FAULTS,
}


async def to_device(channel: Channel, act: str) -> Outcome:
    letter = a_letter(message=a_message(content=a_push()), address=Address(value=act + "x" * 100))
    return comparable(await channel.send(letter))


async def to_browser(channel: Channel, browser: Browser, endpoint: str = "") -> Outcome:
    """To that browser, by its own service or as if another endpoint were its."""
    address = Subscription(endpoint or browser.subscription.endpoint, browser.point, browser.secret).address
    letter = a_letter(
        message=a_message(content=a_push()), address=Address(value=address, associate_id=101, device_id=1)
    )
    return comparable(await channel.send(letter))


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
@pytest.mark.parametrize("act", FCM_ACTS)
async def test_fcm_comes_to_the_same_outcome_with_node_as_with_our_fake(tmp_path: Path, act: str) -> None:
    async with (
        node(AUTHORITY, tmp_path) as url,
        a_google(AUTHORITY, KEY, timeout=1.0) as google,
        a_google(AUTHORITY, KEY, timeout=1.0, endpoint=url, file={"token_uri": f"{url}/token"}) as with_node,
    ):
        google.server.script(FCM_ACTS["0a"], FCM_ACTS[act], FCM_ACTS["0a"])  # the last, where it is sent again
        for channel in (with_node.channel, google.channel):
            assert await to_device(channel, "0a") == Accepted("projects/p/messages/1", "FCM answered 200")
        assert await to_device(with_node.channel, act) == await to_device(google.channel, act)
        assert isinstance(await to_device(with_node.channel, "0a"), Accepted)  # and goes on


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
@pytest.mark.parametrize("act", WEB_ACTS)
async def test_web_push_comes_to_the_same_outcome_with_node_as_with_our_fake(tmp_path: Path, act: str) -> None:
    async with node(AUTHORITY, tmp_path) as url, a_web(AUTHORITY, timeout=1.0) as web:
        browser = web.service.subscribe()
        web.service.script(WEB_ACTS["0a"], WEB_ACTS[act], WEB_ACTS["0a"])
        for endpoint in (f"{url}/push/0a", ""):  # both services know our key then
            kept = "the push service answered 201 and keeps it for 60 seconds instead of 86,400"
            assert await to_browser(web.channel, browser, endpoint) == Accepted(detail=kept)
        assert await to_browser(web.channel, browser, f"{url}/push/{act}") == await to_browser(web.channel, browser)
        assert isinstance(await to_browser(web.channel, BROWSER, f"{url}/push/0a"), Accepted)  # and goes on


@pytest.mark.skipif(NGHTTPD is None, reason="nghttpd is not installed")
async def test_fcm_comes_to_the_same_outcome_with_nghttpd_as_with_our_fake(tmp_path: Path) -> None:
    files = {
        "token": b'{"access_token":"lamp","expires_in":3600}',
        f"v1/projects/{PROJECT}/messages:send": b'{"name":"projects/p/messages/1"}',
    }
    async with nghttpd(AUTHORITY, tmp_path, files) as url:
        file = {"token_uri": f"{url}/token"}
        async with (
            a_google(AUTHORITY, KEY, endpoint=url, file=file) as good,
            a_google(AUTHORITY, KEY, endpoint=url, file=file, project="another") as lost,
            a_google(AUTHORITY, KEY) as google,
        ):
            google.server.script(FCM_ACTS["0a"], FCM_ACTS["04"])
            assert await to_device(good.channel, "0a") == await to_device(google.channel, "0a")
            assert await to_device(lost.channel, "0a") == await to_device(google.channel, "0a")


@pytest.mark.skipif(NGHTTPD is None, reason="nghttpd is not installed")
async def test_web_push_comes_to_the_same_outcome_with_nghttpd_as_with_our_fake(tmp_path: Path) -> None:
    async with nghttpd(AUTHORITY, tmp_path, {"push/0a": b""}) as url, a_web(AUTHORITY) as web:
        assert await to_browser(web.channel, BROWSER, f"{url}/push/0a") == Accepted(
            detail="the push service answered 200"
        )
        gone = await to_browser(web.channel, BROWSER, f"{url}/push/0b")
        assert gone == Gone("the push service answered 404", since=web.clock.now())
