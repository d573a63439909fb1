"""Notifications reach a browser as only it can read them, and each of a push service's answers means what the table says."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.ports import deaf_port

from heliograph.channels.notice import own_collapse
from heliograph.channels.webpush.answers import ANSWERS
from heliograph.channels.webpush.encryption import LARGEST, RECORD, encrypted
from heliograph.channels.webpush.fields import LONGEST_TTL, topic
from heliograph.channels.webpush.settings import SERVICES, served
from heliograph.channels.webpush.vapid import LIFE, new_key_pair, public_text, read_private_key
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.message import PushType
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.subscription import Subscription
from heliograph.testing.apns import pem_of
from heliograph.testing.builders import DAY_MS, a_letter, a_message, a_push, a_text
from heliograph.testing.certificates import Authority
from heliograph.testing.clock import SATURDAY_NOON
from heliograph.testing.servers.http2 import Answer, Fault
from heliograph.testing.servers.tokens import parts
from heliograph.testing.servers.webpush import Browser
from heliograph.testing.webpush import PRIVATE, PUBLIC, Web, a_web

pytestmark = pytest.mark.anyio

AUTHORITY = Authority()


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with a_web(AUTHORITY) as made:
        yield made


def to(browser: Browser, *, attempt: int = 1, **push: Any) -> Letter:
    return a_letter(
        attempt=attempt,
        message=a_message(content=a_push(**push), urgent=push.get("type") is PushType.IMPORTANT),
        address=Address(value=browser.subscription.address, associate_id=101, device_id=1),
    )


# ------------------------------------------------------------------------------- what is sent


async def test_a_browser_reads_what_was_sent_and_the_service_does_not(web: Web) -> None:
    browser = web.service.subscribe(server_key=PUBLIC)
    letter = to(
        browser, title="Fog", body="Sound the horn", url="https://coast.example/", data={"badge": "3", "k": "v"}
    )
    assert await web.channel.send(letter) == Accepted(detail="the push service answered 201")
    [message] = web.service.received
    assert message.json == {
        "title": "Fog",
        "body": "Sound the horn",
        "type": "Message",
        "badge": 3,
        "tag": own_collapse(letter.message),
        "answer_url": "https://light.example/answer/1",
        "data": {"k": "v", "message_id": "1", "type": "Message", "url": "https://coast.example/"},
    }
    assert (message.ttl, message.urgency) == (86_400, "normal")
    assert b"horn" not in web.service.requests[0].body


@pytest.mark.parametrize(
    ("push", "urgency"),
    [({}, "normal"), ({"silent": True}, "low"), ({"type": PushType.IMPORTANT}, "high")],
)
async def test_urgency_says_whether_to_wake_somebody(web: Web, push: dict[str, Any], urgency: str) -> None:
    await web.channel.send(to(web.service.subscribe(), **push))
    assert web.service.received[0].urgency == urgency


async def test_a_later_message_takes_the_place_of_one_with_the_same_collapse_key(web: Web) -> None:
    browser = web.service.subscribe()
    for title in ("one", "two"):
        await web.channel.send(to(browser, title=title, data={"collapse_key": "the weather at sea, hour by hour"}))
    await web.channel.send(to(browser))
    first, second, own = [message.topic for message in web.service.received]
    assert first == second == topic("the weather at sea, hour by hour")
    assert len(first) == 32
    assert own != first
    assert topic("weather") == "weather"


async def test_the_time_to_live_is_what_is_left_of_it(web: Web) -> None:
    browser = web.service.subscribe()
    now = web.clock.now()
    for expires_at in (now + 90_500, now - 1, now + 400 * DAY_MS):
        message = a_message(expires_at=expires_at, content=a_text())
        await web.channel.send(a_letter(message=message, address=Address(value=browser.subscription.address)))
    assert [message.ttl for message in web.service.received] == [90, 0, LONGEST_TTL]


async def test_a_long_text_is_shortened_until_every_service_takes_it(web: Web) -> None:
    letter = to(web.service.subscribe(), body="\U0001f9d1\u200d\U0001f680" * 4000)
    assert isinstance(await web.channel.send(letter), Accepted)
    assert len(web.service.received[0].plain) <= 3000
    assert web.service.received[0].json["body"].endswith("\U0001f680…")
    assert len(web.service.requests[0].body) <= 3300


async def test_the_same_signature_serves_until_half_of_its_life_is_over(web: Web) -> None:
    browser = web.service.subscribe()
    for seconds in (0, LIFE // 2 - 1, 2):
        await web.clock.jump(seconds)
        assert isinstance(await web.channel.send(to(browser)), Accepted)
    first, second, third = [request.header("authorization") for request in web.service.requests]
    assert first == second != third
    claims = parts(first.removeprefix("vapid t=").partition(",")[0])[1]
    assert claims["aud"] == web.service.url
    assert claims["sub"] == "mailto:keeper@coast.example"


# ------------------------------------------------------------------------------ what is meant


#: Section B3 of the error-handling rules, written out by hand: the status, and the outcome for a subscription of a
#: service that has taken nothing lately.
SAID = "the push service answered"
OURS = "it does not accept our key, or this machine's clock is wrong"
RULES: dict[int, Outcome] = {
    200: Accepted(detail=f"{SAID} 200"),
    201: Accepted(detail=f"{SAID} 201"),
    202: Accepted(detail=f"{SAID} 202"),
    **{
        status: Refused(f"{SAID} {status}: it names another place, and that is never followed")
        for status in (301, 302, 307, 308)
    },
    400: Refused(f"{SAID} 400"),
    401: Deferred(f"{SAID} 401", pause=f"{SAID} 401: {OURS}"),
    403: Deferred(f"{SAID} 403", pause=f"{SAID} 403: {OURS}"),
    404: Gone(f"{SAID} 404", since=SATURDAY_NOON),
    410: Gone(f"{SAID} 410", since=SATURDAY_NOON),
    413: Refused(f"{SAID} 413"),
    429: Deferred(f"{SAID} 429", retry_after=7.0, charged=False),
    500: Deferred(f"{SAID} 500", retry_after=7.0),
    502: Deferred(f"{SAID} 502", retry_after=7.0),
    503: Deferred(f"{SAID} 503", retry_after=7.0),
    418: Deferred(f"{SAID} 418", retry_after=7.0),
}


@pytest.mark.parametrize("status", RULES)
async def test_each_answer_means_what_the_rules_say(web: Web, status: int) -> None:
    web.service.script(Answer(status=status, headers={"retry-after": "7", "location": "https://elsewhere.example/"}))
    assert await web.channel.send(to(web.service.subscribe())) == RULES[status]
    assert len(web.service.requests) == 1, "a redirect is not followed"


def test_the_table_has_a_row_for_every_status_of_the_rules() -> None:
    assert set(ANSWERS) == set(RULES) - {418}


async def test_an_undocumented_answer_is_tried_again_five_times_at_most(web: Web) -> None:
    web.service.script(Answer(status=418), Answer(status=418))
    browser = web.service.subscribe()
    assert isinstance(await web.channel.send(to(browser, attempt=4)), Deferred)
    assert isinstance(await web.channel.send(to(browser, attempt=5)), Refused)


@pytest.mark.parametrize("wish", ["9", "Sat, 21 Nov 2026 12:00:09 GMT"])
async def test_a_services_wish_is_kept_as_seconds_or_as_a_date(web: Web, wish: str) -> None:
    web.service.script(Answer(status=503, headers={"retry-after": wish}))
    outcome = await web.channel.send(to(web.service.subscribe()))
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after == 9.0


@pytest.mark.parametrize(
    ("ttl", "note"),
    [("3600", " and keeps it for 3,600 seconds instead of 86,400"), ("86400", ""), ("soon", ""), ("", "")],
)
async def test_a_service_that_keeps_it_for_less_time_is_told_of(web: Web, ttl: str, note: str) -> None:
    web.service.script(Answer(status=201, headers={"ttl": ttl} if ttl else {}))
    assert await web.channel.send(to(web.service.subscribe())) == Accepted(detail=f"{SAID} 201{note}")


async def test_a_service_that_took_others_lately_refuses_the_subscription_and_not_the_key(web: Web) -> None:
    ours, foreign = web.service.subscribe(server_key=PUBLIC), web.service.subscribe(server_key=new_key_pair()[1])
    refused = await web.channel.send(to(foreign))
    assert isinstance(refused, Deferred)
    assert refused.pause
    await web.channel.send(to(ours))
    assert isinstance(await web.channel.send(to(foreign)), Gone)
    await web.clock.jump(3601)
    assert isinstance(await web.channel.send(to(foreign)), Deferred)


async def test_a_browser_that_unsubscribed_is_gone(web: Web) -> None:
    browser = web.service.subscribe()
    web.service.unsubscribe(browser)
    assert await web.channel.send(to(browser)) == Gone("the push service answered 410", since=web.clock.now())


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.HANG_UP, Fault.CUT])
async def test_a_lost_answer_is_in_doubt(web: Web, fault: Fault) -> None:
    web.service.script(Answer(fault=fault))
    outcome = await web.channel.send(to(web.service.subscribe()))
    assert isinstance(outcome, Deferred)
    assert outcome.in_doubt


# ------------------------------------------------------------------------------------ refused


@pytest.mark.parametrize("service", ["push.evil.example", "fcm.googleapis.com.evil.example", "127.0.0.1"])
async def test_a_service_that_is_not_on_the_list_is_never_reached(service: str) -> None:
    async with a_web(AUTHORITY, services=SERVICES) as web:
        subscription = Subscription(f"https://{service}/x", Browser("https://x").point, bytes(16))
        with pytest.raises(InvalidArgument) as caught:
            await web.channel.resolve(1, subscription.address, "")
        assert service not in str(caught.value)
        sent = await web.channel.send(a_letter(address=Address(value=subscription.address)))
        assert isinstance(sent, Refused)
        assert web.service.requests == []


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("fcm.googleapis.com", True),
        ("web.push.apple.com", True),
        ("push.apple.com", False),
        ("db5p.notify.windows.com", True),
        ("evilnotify.windows.com", False),
        ("notify.windows.com.evil.example", False),
    ],
)
def test_a_star_stands_for_any_name_below(host: str, expected: bool) -> None:
    assert served(host, SERVICES) is expected


async def test_a_key_that_is_no_point_is_refused(web: Web) -> None:
    browser = web.service.subscribe()
    bent = Subscription(browser.subscription.endpoint, b"\x04" + bytes(64), browser.secret)
    outcome = await web.channel.send(a_letter(address=Address(value=bent.address)))
    assert isinstance(outcome, Refused)
    assert outcome.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("private_key", "AAAA"),
        ("private_key", "A" * 43),
        ("private_key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        ("subject", "keeper@coast.example"),
        ("services", []),
        ("services", ["https://push.example/"]),
        ("services", ["*"]),
    ],
)
async def test_a_setting_that_cannot_work_is_refused_without_showing_the_key(name: str, value: Any) -> None:
    with pytest.raises(BadSetting) as caught:
        async with a_web(AUTHORITY, **{name: value}):
            pytest.fail("it was taken")
    assert f"channels.web.{name}" in str(caught.value)
    assert name != "private_key" or "AAAA" not in str(caught.value)


# --------------------------------------------------------------------------------- arithmetic


def test_the_example_of_the_rfc_comes_out_byte_by_byte() -> None:
    """RFC 8291, appendix A."""
    browser = Subscription(
        "https://push.example/x",
        b64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        b64("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    body = encrypted(
        b"When I grow up, I want to be a watermelon",
        browser,
        lambda size: b64("DGv6ra1nlYgDCS1FRnbzlw"),
        key=read_private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        padding=0,
    )
    assert body == b64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(st.binary(max_size=LARGEST))
def test_whatever_is_said_is_read_and_its_length_is_hidden(plain: bytes) -> None:
    browser = Browser("https://push.example")
    body = encrypted(plain, browser.subscription, lambda size: bytes(size))
    assert browser.opened(body) == plain
    assert len(body) <= RECORD
    assert (len(body) - (RECORD - LARGEST)) % 256 == 0 or len(body) == RECORD


def test_too_much_to_say_is_refused() -> None:
    with pytest.raises(ValueError, match="3,993"):
        encrypted(bytes(LARGEST + 1), Browser("https://push.example").subscription, lambda size: bytes(size))


def test_a_key_in_pem_is_the_same_key() -> None:
    key = read_private_key(PRIVATE)
    assert public_text(read_private_key(pem_of(key))) == public_text(key) == PUBLIC
    assert isinstance(key.curve, ec.SECP256R1)


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# -------------------------------------------------------------------------------------- check


def of(web: Web) -> str:
    return web.service.url.removeprefix("https://")


@asynccontextmanager
async def checked_web() -> AsyncIterator[Web]:
    """A channel whose list names the service with its port, as a check needs it."""
    async with a_web(AUTHORITY) as web, a_web(AUTHORITY, services=[of(web), "*.push.apple.com"]) as other:
        yield Web(web.service, other.channel, other.clock)


async def test_a_check_reaches_the_services_and_tells_the_key_that_browsers_need() -> None:
    async with checked_web() as web:
        check = await web.channel.check()
        assert check.sentence == (
            f"The key is usable and {of(web)} can be reached; browsers subscribe with the applicationServerKey {PUBLIC}."
        )
        assert check.ok
        assert web.service.received == []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(status=401), "answered 401: it does not accept our key; check `private_key` and `subject`."),
        (
            Answer(status=404, headers={"date": "Sat, 21 Nov 2026 11:00:00 GMT"}),
            "can be reached, but this machine's clock is 60 minutes ahead of the provider's: set it by NTP.",
        ),
        (Answer(status=503), "answered 503: it has a fault of its own; try again later."),
        (Answer(fault=Fault.STALL), "cannot be reached: "),
    ],
)
async def test_a_check_says_what_is_wrong_and_how_to_mend_it(answer: Answer, sentence: str) -> None:
    async with checked_web() as web:
        web.service.server.insist(answer)
        check = await web.channel.check()
        assert not check.ok
        assert check.sentence.startswith(f"{of(web)} {sentence}")


@pytest.mark.parametrize(
    ("host", "services", "expected"),
    [
        ("push.example:8443", ["push.example"], True),
        ("push.example:8443", ["push.example:8443"], True),
        ("push.example:8444", ["push.example:8443"], False),
        ("push.example", ["push.example:8443"], False),
        ("a.push.example:8443", ["*.push.example"], True),
        ("push.example", ["*.push.example"], False),
    ],
)
def test_a_name_with_a_port_stands_for_that_port_alone(host: str, services: list[str], expected: bool) -> None:
    assert served(host, services) is expected


async def test_one_push_service_that_cannot_be_reached_says_nothing_of_the_others(web: Web) -> None:
    with deaf_port() as port:
        away = Browser(f"https://127.0.0.1:{port}", server_key=PUBLIC)
        answer = await web.channel.send(to(away))

    assert isinstance(answer, Deferred)
    assert (answer.unreachable, answer.lane, answer.pause) == (False, False, "")
