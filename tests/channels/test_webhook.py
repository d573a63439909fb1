"""Webhooks arrive signed and whole, and each answer means what the table says."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from heliograph.channels.transport import GuardedTransport
from heliograph.channels.waits import retry_after
from heliograph.channels.webhook.answers import ANSWERS, Meaning, outcome
from heliograph.channels.webhook.channel import WebhookChannel
from heliograph.channels.webhook.post import SCHEDULE
from heliograph.channels.webhook.settings import WebhookSettings
from heliograph.channels.webhook.signature import signed
from heliograph.config.settings import OutboundSettings
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused
from heliograph.core.ports import Reply
from heliograph.core.retry import decide
from heliograph.testing.builders import a_letter, a_message, a_push, a_text
from heliograph.testing.clock import SATURDAY_NOON, JumpingClock
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.servers.webhook import Answer, Fault, WebhookServer

pytestmark = pytest.mark.anyio

OLD = "whsec_" + "b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xk"
NEW = "whsec_" + "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3"
SPEC_KEY = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
LOOPBACK = OutboundSettings(allow=[ip_network("127.0.0.0/8")], timeout=20.0)


@pytest.fixture
async def transport() -> AsyncIterator[GuardedTransport]:
    made = GuardedTransport(LOOPBACK, ScriptedResolver({}))
    yield made
    await made.close()


@pytest.fixture
async def endpoint(clock: JumpingClock) -> AsyncIterator[WebhookServer]:
    async with WebhookServer(secrets=[NEW], now=lambda: clock.now() / 1000) as server:
        yield server


@pytest.fixture
def channel(transport: GuardedTransport, clock: JumpingClock) -> WebhookChannel:
    return WebhookChannel(WebhookSettings(secrets=[NEW], timeout=3.0), transport, clock)


def to(endpoint: WebhookServer, **changes: object) -> Letter:
    return a_letter(address=Address(value=f"{endpoint.url}/in"), **changes)


async def test_a_text_arrives_with_a_signature_that_holds(channel: WebhookChannel, endpoint: WebhookServer) -> None:
    text = a_text(sender="Lighthouse", to="the coast", body="Fog: sound the horn", format="text/plain")

    assert await channel.send(to(endpoint, message=a_message(content=text))) == Accepted(
        detail="the endpoint answered 204"
    )

    [request] = endpoint.verified
    assert request.path == "/in"
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "type": "message.text",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "data": {
            "message_id": 1,
            "delivery_id": 1,
            "company_id": 1,
            "from": "Lighthouse",
            "to": "the coast",
            "body": "Fog: sound the horn",
            "format": "text/plain",
            "parent_id": 0,
            "session_key": "",
        },
    }


async def test_a_push_arrives_with_everything_it_carries(channel: WebhookChannel, endpoint: WebhookServer) -> None:
    push = a_push(title="Fog", body="Sound the horn", url="https://coast.example/7", record_id=7, data={"horn": "low"})

    await channel.send(to(endpoint, message=a_message(content=push)))

    event = endpoint.verified[0].json
    assert event["type"] == "message.push"
    carried = {"title": "Fog", "body": "Sound the horn", "url": "https://coast.example/7", "record_id": 7}
    assert carried.items() <= event["data"].items()
    assert event["data"]["data"] == {"horn": "low"}
    assert event["data"]["type"] == "Message"


async def test_every_attempt_carries_the_same_id_and_body_under_a_new_time(
    channel: WebhookChannel, endpoint: WebhookServer, clock: JumpingClock
) -> None:
    endpoint.script(Answer(status=500), Answer(status=200))

    await channel.send(to(endpoint, attempt=1))
    await clock.jump(3600)
    await channel.send(to(endpoint, attempt=2))

    first, second = endpoint.verified
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 3600


async def test_two_deliveries_never_share_an_id(channel: WebhookChannel, endpoint: WebhookServer) -> None:
    await channel.send(to(endpoint, delivery_id=1))
    await channel.send(to(endpoint, delivery_id=2))

    assert len({request.headers["webhook-id"] for request in endpoint.verified}) == 2


async def test_with_two_secrets_an_endpoint_that_knows_either_believes_it(
    transport: GuardedTransport, clock: JumpingClock
) -> None:
    channel = WebhookChannel(WebhookSettings(secrets=[NEW, OLD]), transport, clock)
    for known in (OLD, NEW):
        async with WebhookServer(secrets=[known], now=lambda: clock.now() / 1000) as endpoint:
            assert isinstance(await channel.send(to(endpoint)), Accepted)


async def test_an_endpoint_with_another_secret_does_not_believe_it(
    channel: WebhookChannel, clock: JumpingClock
) -> None:
    """The fake is strict: without this the tests above would prove nothing."""
    async with WebhookServer(secrets=[OLD], now=lambda: clock.now() / 1000) as endpoint:
        assert await channel.send(to(endpoint)) == Deferred("the endpoint answered 401")
        assert endpoint.requests[0].problem == "no signature holds"


async def test_an_endpoint_whose_clock_is_six_minutes_off_does_not_believe_it(
    channel: WebhookChannel, clock: JumpingClock
) -> None:
    async with WebhookServer(secrets=[NEW], now=lambda: clock.now() / 1000 + 360) as endpoint:
        await channel.send(to(endpoint))
        assert "too far from now" in endpoint.requests[0].problem


def test_a_signature_is_the_one_of_the_specification() -> None:
    """The worked example that Standard Webhooks libraries test themselves with."""
    headers = signed(b'{"test": 2432232314}', id="msg_p5jXN8AQM9LWM0D4loKWxJek", seconds=1614265330, keys=[SPEC_KEY])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


STATUSES = [
    *[(status, Meaning.TAKEN) for status in (200, 201, 202, 204, 299)],
    *[(status, Meaning.AGAIN) for status in (300, 301, 302, 303, 304, 307, 308)],
    *[(status, Meaning.AGAIN) for status in (400, 401, 403, 404, 405, 408, 409, 413, 415, 418, 422, 451)],
    *[(status, Meaning.SLOWER) for status in (429, 502, 503, 504)],
    *[(status, Meaning.AGAIN) for status in (500, 501, 505, 507, 520, 599)],
    *[(status, Meaning.AGAIN) for status in (100, 600, 999)],
    (410, Meaning.CLOSED),
]


@pytest.mark.parametrize(("status", "meant"), STATUSES)
def test_a_status_means_what_the_table_says(status: int, meant: Meaning) -> None:
    said = f"the endpoint answered {status}"
    reply = Reply(status=status, headers={"retry-after": "120"}, body=b"")
    expected = {
        Meaning.TAKEN: Accepted(detail=said),
        Meaning.AGAIN: Deferred(said),
        Meaning.SLOWER: Deferred(said, retry_after=120.0),
        Meaning.CLOSED: Gone(said),
    }
    assert outcome(reply, now=SATURDAY_NOON, shared=False) == expected[meant]


def test_an_endpoint_that_cannot_keep_up_is_left_alone_for_a_while_although_it_names_none() -> None:
    reply = Reply(status=429, headers={}, body=b"")
    assert outcome(reply, now=SATURDAY_NOON, shared=False) == Deferred("the endpoint answered 429", retry_after=5.0)


def test_every_row_of_the_table_is_tested() -> None:
    tested = {status for status, _ in STATUSES}
    assert all(any(first <= status <= last for status in tested) for first, last, _ in ANSWERS)


def test_one_endpoint_for_all_slows_and_stops_the_whole_channel() -> None:
    busy = outcome(Reply(status=503, headers={}, body=b""), now=SATURDAY_NOON, shared=True)
    gone = outcome(Reply(status=410, headers={}, body=b""), now=SATURDAY_NOON, shared=True)
    assert isinstance(busy, Deferred)
    assert busy.lane
    assert isinstance(gone, Deferred)
    assert gone.pause


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("9" * 400, 9999999999.0),
        ("Sat, 21 Nov 2026 12:01:00 GMT", 60.0),
        ("Saturday, 21-Nov-26 12:01:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 14:01:00 +0200", 60.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e3", None),
        ("nan", None),
        ("٣", None),
        ("Sat, 99 Nov 2026 12:01:00 GMT", None),
        ("Sat, 21 Nov 99999 12:01:00 GMT", None),
    ],
)
def test_a_wish_to_wait_is_read_in_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, now=SATURDAY_NOON) == seconds


async def test_a_lost_answer_is_in_doubt_and_a_failed_connection_is_not(
    channel: WebhookChannel, endpoint: WebhookServer
) -> None:
    for fault in (Fault.RESET, Fault.HANG_UP, Fault.CUT, Fault.GARBAGE, Fault.STALL):
        endpoint.script(Answer(status=200, fault=fault))
        answer = await channel.send(to(endpoint))
        assert isinstance(answer, Deferred)
        assert answer.in_doubt

    answer = await channel.send(a_letter(address=Address(value="http://127.0.0.1:1/")))
    assert isinstance(answer, Deferred)
    assert not answer.in_doubt


async def test_an_address_we_must_not_reach_is_refused_for_good(channel: WebhookChannel) -> None:
    for url in ("http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://1.1.1.1:22/", "nonsense"):
        assert isinstance(await channel.send(a_letter(address=Address(value=url))), Refused)


async def test_what_the_endpoint_says_is_not_repeated(channel: WebhookChannel, endpoint: WebhookServer) -> None:
    endpoint.script(Answer(status=500, headers={"X-Inner": "internal-token"}, body=b"internal-token"))

    assert "internal-token" not in str(await channel.send(to(endpoint)))


async def test_half_a_surrogate_pair_does_not_stop_a_message(channel: WebhookChannel, endpoint: WebhookServer) -> None:
    content = a_push(title="half \ud83d", data={"k\udc00": "v\ud800"})

    assert isinstance(await channel.send(to(endpoint, message=a_message(content=content))), Accepted)
    assert endpoint.verified[0].json["data"]["title"] == "half ?"


async def test_to_is_a_url_in_its_one_form(channel: WebhookChannel) -> None:
    address = await channel.resolve(1, "HTTPS://Coast.Example:443/a?b=c#d", "")
    assert address == Address(value="https://coast.example/a?b=c")


@pytest.mark.parametrize("nonsense", ["keeper101", "ftp://coast.example/", "https://u:p@coast.example/", "https://"])
async def test_to_that_is_no_url_is_refused_at_once(channel: WebhookChannel, nonsense: str) -> None:
    with pytest.raises(InvalidArgument, match="To must be a URL") as refusal:
        await channel.resolve(1, nonsense, "")
    assert refusal.value.fields[0].field == "To"


async def test_a_configured_url_takes_everything_and_to_travels_along(
    transport: GuardedTransport, endpoint: WebhookServer, clock: JumpingClock
) -> None:
    channel = WebhookChannel(WebhookSettings(secrets=[NEW], url=f"{endpoint.url}/all"), transport, clock)
    address = await channel.resolve(1, "the night watch", "")

    await channel.send(a_letter(address=address, message=a_message(content=a_text(to="the night watch"))))

    assert endpoint.verified[0].path == "/all"
    assert endpoint.verified[0].json["data"]["to"] == "the night watch"


async def test_the_schedule_is_the_recommended_one_and_lasts_three_days(channel: WebhookChannel) -> None:
    policy = channel.traits.retry
    waits = []
    for attempt in range(1, policy.attempts):
        decision = decide(policy, Deferred("no"), attempt=attempt, now=0, expires_at=None, jitter=0.5)
        assert decision.due_at is not None
        waits.append(decision.due_at / 1000)
    assert waits == list(SCHEDULE)
    assert 3 * 86400 < sum(waits) < 4 * 86400


async def test_check_posts_an_event_of_its_own_and_tells_the_answer(
    transport: GuardedTransport, endpoint: WebhookServer, clock: JumpingClock
) -> None:
    channel = WebhookChannel(WebhookSettings(secrets=[NEW], url=endpoint.url), transport, clock)

    assert (await channel.check()).ok
    assert endpoint.verified[0].json["type"] == "gateway.check"
    endpoint.script(Answer(status=404))
    failed = await channel.check()
    assert not failed.ok
    assert "404" in failed.sentence


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "c2VjcmV0" * 4, "whsec_" + "!" * 32, "whsec_" + "A" * 92]
)
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValidationError, match="a secret is whsec_") as refusal:
        WebhookSettings(secrets=[secret])
    message = refusal.value.errors()[0]["msg"]
    assert len(secret) < 7 or secret not in message


async def test_secrets_are_in_no_representation(channel: WebhookChannel) -> None:
    settings = WebhookSettings(secrets=[NEW])
    for text in (repr(settings), str(settings.model_dump()), repr(channel)):
        assert NEW.removeprefix("whsec_") not in text
