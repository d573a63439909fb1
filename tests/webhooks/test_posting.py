"""A notice arrives signed, under one id for all its tries, and each answer means for the endpoint what the table says."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest
import standardwebhooks
from standardwebhooks.webhooks import WebhookVerificationError
from tests.webhooks.conftest import Desk

from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import OutboundSettings
from heliograph.core.errors import InvalidArgument
from heliograph.core.message import Push
from heliograph.core.outcome import Accepted, Deferred, Refused
from heliograph.core.retry import decide
from heliograph.core.webhooks import KEEP_TRYING_MS, EndpointState
from heliograph.intake.webhooks import Change
from heliograph.testing.clock import JumpingClock
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.servers.webhook import Answer, Fault, Request, WebhookServer

pytestmark = pytest.mark.anyio

DAY = 86_400.0


def believed(secret: str, request: Request, at: float) -> bool:
    """Whether the library of the specification's authors, at that time, takes it for genuine."""
    headers = dict(request.headers)
    # The library looks at the machine's own clock; the signature is recomputed for the time it is asked at.
    hook = standardwebhooks.Webhook(secret)
    stamp = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    if abs(stamp.timestamp() - at) > 300:
        return False
    ours = headers["webhook-signature"].split(" ")
    return hook.sign(headers["webhook-id"], stamp, request.body.decode()) in ours


async def test_a_notice_is_a_standard_webhook(desk: Desk, receiver: WebhookServer) -> None:
    new = await desk.add(receiver.url + "/hooks", types=["message.accepted"])
    delivery = await desk.accept(content=Push(title="the secret plan"))
    assert await desk.channel.send(await desk.one()) == Accepted(detail="the endpoint answered 204")
    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", "/hooks")
    assert request.headers["content-type"] == "application/json"
    assert believed(new.text, request, desk.clock.now() / 1000)
    assert request.json["type"] == "message.accepted"
    assert request.json["timestamp"] == "2026-11-21T12:00:00.000Z"
    assert request.json["data"]["message_id"] == delivery.message_id
    assert b"secret plan" not in request.body


async def test_the_library_itself_verifies_what_is_posted_at_this_moment(
    desk: Desk, transport: GuardedTransport, receiver: WebhookServer
) -> None:
    real = JumpingClock(int(datetime.now(UTC).timestamp() * 1000))
    desk = Desk(desk.store, transport, real)
    new = await desk.add(receiver.url)
    assert (await desk.service.test(new.endpoint)).ok
    [request] = receiver.requests
    verified = standardwebhooks.Webhook(new.text).verify(request.body, request.headers)
    assert verified["type"] == "gateway.check"
    tampered = request.body.replace(b"gateway", b"gatewaz")
    with pytest.raises(WebhookVerificationError):
        standardwebhooks.Webhook(new.text).verify(tampered, request.headers)
    stranger = (await desk.add(receiver.url)).text
    with pytest.raises(WebhookVerificationError):
        standardwebhooks.Webhook(stranger).verify(request.body, request.headers)


async def test_every_try_carries_the_same_id_and_body_under_a_new_time(desk: Desk, receiver: WebhookServer) -> None:
    await desk.add(receiver.url)
    await desk.accept()
    letter = await desk.one()
    await desk.channel.send(letter)
    await desk.clock.jump(301)
    await desk.channel.send(letter)
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 301


async def test_two_events_never_share_an_id(desk: Desk, receiver: WebhookServer) -> None:
    await desk.add(receiver.url)
    for _ in range(3):
        await desk.tried()
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 3


async def test_after_a_rotation_both_secrets_sign_for_a_day_and_then_the_new_one_alone(
    desk: Desk, receiver: WebhookServer
) -> None:
    old = await desk.add(receiver.url)
    new = await desk.service.rotate(old.endpoint)
    assert new.text != old.text
    await desk.tried()
    assert believed(old.text, receiver.requests[-1], desk.clock.now() / 1000)
    assert believed(new.text, receiver.requests[-1], desk.clock.now() / 1000)
    await desk.clock.jump(DAY - 1)
    await desk.tried()
    assert believed(old.text, receiver.requests[-1], desk.clock.now() / 1000)
    await desk.clock.jump(1)
    await desk.tried()
    assert not believed(old.text, receiver.requests[-1], desk.clock.now() / 1000)
    assert believed(new.text, receiver.requests[-1], desk.clock.now() / 1000)


async def test_a_second_rotation_within_the_day_ends_the_oldest_secret_at_once(
    desk: Desk, receiver: WebhookServer
) -> None:
    first = await desk.add(receiver.url)
    second = await desk.service.rotate(first.endpoint)
    third = await desk.service.rotate(second.endpoint)
    await desk.tried()
    [request] = receiver.requests
    at = desk.clock.now() / 1000
    assert [believed(each.text, request, at) for each in (first, second, third)] == [False, True, True]


# ------------------------------------------------------------------ what answers mean (B6)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_2xx_is_taken(desk: Desk, receiver: WebhookServer, status: int) -> None:
    await desk.add(receiver.url)
    receiver.script(Answer(status=status))
    assert type(await desk.tried()) is Accepted


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_3xx_fails_the_try_and_is_never_followed(desk: Desk, receiver: WebhookServer, status: int) -> None:
    await desk.add(receiver.url)
    receiver.script(Answer(status=status, headers={"Location": receiver.url + "/elsewhere"}))
    outcome = await desk.tried()
    assert type(outcome) is Deferred
    assert [request.path for request in receiver.requests] == ["/"]


async def test_410_disables_the_endpoint_and_its_address_may_be_enabled_again(
    desk: Desk, receiver: WebhookServer
) -> None:
    new = await desk.add(receiver.url)
    receiver.script(Answer(status=410))
    assert type(await desk.tried()) is Refused
    gone = await desk.now(new.endpoint)
    assert (gone.state, gone.reason) == (EndpointState.DISABLED, "it answered 410 Gone")
    await desk.accept()
    assert await desk.due() == [], "a disabled endpoint is told nothing"
    back = await desk.service.change(gone, Change(state=EndpointState.ENABLED))
    assert (back.reason, back.trouble.since) == ("", 0)
    assert type(await desk.tried()) is Accepted


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_slow_answers_wait_as_long_as_the_endpoint_asks(desk: Desk, receiver: WebhookServer, status: int) -> None:
    await desk.add(receiver.url)
    receiver.script(Answer(status=status, headers={"Retry-After": "120"}))
    outcome = await desk.tried()
    assert outcome == Deferred(f"the endpoint answered {status}", retry_after=120.0)


@pytest.mark.parametrize("status", [400, 401, 404, 500, 501])
async def test_every_other_status_is_tried_again(desk: Desk, receiver: WebhookServer, status: int) -> None:
    await desk.add(receiver.url)
    receiver.script(Answer(status=status))
    assert type(await desk.tried()) is Deferred


async def test_a_timeout_and_a_lost_answer_are_tried_again_in_doubt(desk: Desk, receiver: WebhookServer) -> None:
    await desk.add(receiver.url)
    for fault in (Fault.STALL, Fault.RESET, Fault.CUT):
        receiver.script(Answer(status=200, fault=fault))
        outcome = await desk.tried()
        assert type(outcome) is Deferred
        assert outcome.in_doubt, fault


async def test_nobody_listening_is_tried_again(desk: Desk) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        await desk.add(f"http://127.0.0.1:{nobody.getsockname()[1]}/")
        outcome = await desk.tried()
    assert type(outcome) is Deferred
    assert not outcome.in_doubt


async def test_the_schedule_is_the_recommended_one_and_ends_before_the_notice_does(desk: Desk) -> None:
    policy = desk.channel.traits.retry
    waits, at = [], 0.0
    for attempt in range(1, policy.attempts):
        decision = decide(policy, Deferred("500"), attempt=attempt, now=0, expires_at=KEEP_TRYING_MS, jitter=0.5)
        assert decision.due_at is not None
        waits.append(round(decision.due_at / 1000))
        at += decision.due_at
    hour = 3600
    assert waits == [5, 300, 1800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour]
    assert at * 1.1 < KEEP_TRYING_MS


# ------------------------------------------------------------------------ failing for days


async def test_an_endpoint_that_fails_for_five_days_is_disabled_and_the_others_are_told(
    desk: Desk, receiver: WebhookServer
) -> None:
    failing = await desk.add(receiver.url + "/failing")
    receiver.script(Answer(status=500, body=b"out of coffee"))
    await desk.tried()
    other = await desk.add(receiver.url + "/other", types=["endpoint.disabled"])
    [row] = [each for each in await desk.service.all(1) if each.id == failing.endpoint.id]
    assert (row.trouble.words, row.trouble.answer) == ("the endpoint answered 500", "out of coffee")
    await desk.clock.jump(5 * DAY - 1)
    receiver.script(Answer(status=500))
    await desk.tried()
    assert (await desk.now(failing.endpoint)).state is EndpointState.ENABLED
    await desk.clock.jump(1)
    receiver.script(Answer(status=500))
    await desk.tried()
    disabled = await desk.now(failing.endpoint)
    assert disabled.state is EndpointState.DISABLED
    assert disabled.reason == "nothing sent to it has succeeded for 5.0 days"
    letter = await desk.one()
    assert letter.address.value == other.endpoint.address
    await desk.channel.send(letter)
    told = receiver.requests[-1]
    assert (told.path, told.json["type"]) == ("/other", "endpoint.disabled")
    assert told.json["data"]["endpoint_id"] == failing.endpoint.id
    assert await desk.service.trouble() == {"failing": 0, "disabled": 1}


async def test_one_success_in_between_starts_the_five_days_anew(desk: Desk, receiver: WebhookServer) -> None:
    new = await desk.add(receiver.url)
    for _ in range(3):
        receiver.script(Answer(status=500))
        await desk.tried()
        await desk.clock.jump(2 * DAY)
        assert type(await desk.tried()) is Accepted
        assert (await desk.now(new.endpoint)).trouble.since == 0
        await desk.clock.jump(2 * DAY)
    assert (await desk.now(new.endpoint)).state is EndpointState.ENABLED


async def test_no_more_than_four_kibibytes_of_an_answer_are_kept(desk: Desk, receiver: WebhookServer) -> None:
    new = await desk.add(receiver.url)
    receiver.script(Answer(status=500, body=b"x" * 50_000))
    outcome = await desk.tried()
    assert len((await desk.now(new.endpoint)).trouble.answer) == 4096
    assert isinstance(outcome, Deferred)
    assert "x" not in outcome.detail.replace("endpoint", ""), "the answer is in no delivery's words"


async def test_what_waits_for_a_removed_or_disabled_endpoint_fails_without_being_posted(
    desk: Desk, receiver: WebhookServer
) -> None:
    new = await desk.add(receiver.url)
    await desk.accept()
    letter = await desk.one()
    off = await desk.service.change(new.endpoint, Change(state=EndpointState.DISABLED))
    assert await desk.channel.send(letter) == Refused("the endpoint is disabled")
    await desk.service.remove(off)
    assert await desk.channel.send(letter) == Refused("the endpoint was removed")
    assert receiver.requests == []


async def test_a_new_url_counts_for_what_waits_already(desk: Desk, receiver: WebhookServer) -> None:
    new = await desk.add(receiver.url + "/old")
    await desk.accept()
    letter = await desk.one()
    await desk.service.change(new.endpoint, Change(url=receiver.url + "/new"))
    await desk.channel.send(letter)
    assert [request.path for request in receiver.requests] == ["/new"]


# ----------------------------------------------------------------------------------- SSRF


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost.example.com:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:{port}/",
        "http://10.0.0.1/",
    ],
)
async def test_an_address_in_a_private_network_is_never_connected_to(
    desk: Desk, receiver: WebhookServer, url: str
) -> None:
    resolver = ScriptedResolver({"localhost.example.com": ["127.0.0.1"]})
    strict = GuardedTransport(OutboundSettings(ports=[80, 443, receiver.port]), resolver)
    desk = Desk(desk.store, strict, desk.clock)
    try:
        new = await desk.add(url.format(port=receiver.port))
        tried = await desk.service.test(new.endpoint)
        outcome = await desk.tried()
    finally:
        await strict.close()
    assert not tried.ok
    assert (tried.status, tried.answer) == (0, "")
    assert type(outcome) is Refused
    assert receiver.connections == 0


async def test_without_the_operators_leave_a_url_begins_with_https(desk: Desk, transport: GuardedTransport) -> None:
    strict = Desk(desk.store, transport, desk.clock, allow_http=False)
    for nonsense in ("http://hooks.example.com/", "ftp://hooks.example.com/", "https://me:word@hooks.example.com/", ""):
        with pytest.raises(InvalidArgument):
            await strict.add(nonsense)
    assert await strict.service.all(1) == []
    assert (await strict.add("https://Hooks.Example.com")).endpoint.url == "https://hooks.example.com/"
