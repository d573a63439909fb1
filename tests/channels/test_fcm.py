"""Notifications reach FCM in the form it documents, and each of its answers means what the table says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from tests.ports import deaf_port

from heliograph.channels.fcm.account import read_account
from heliograph.channels.fcm.answers import ANSWERS, NO_PROJECT, Answer, Sign
from heliograph.channels.fcm.channel import RETRY, FcmChannel
from heliograph.channels.fcm.settings import FcmSettings
from heliograph.channels.fcm.verdicts import MOST_FAILED
from heliograph.channels.registry import build_channel
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting
from heliograph.core.lifecycle import Happening
from heliograph.core.message import PushType
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.ports import Shape
from heliograph.core.retry import ceiling, decide, wait
from heliograph.testing.apns import pem_of
from heliograph.testing.builders import DAY_MS, a_letter, a_message, a_push, a_text
from heliograph.testing.certificates import Authority
from heliograph.testing.clock import SATURDAY_NOON, JumpingClock
from heliograph.testing.fcm import PROJECT, Google, a_google, account_file, new_account_key
from heliograph.testing.servers.apns import new_signing_key
from heliograph.testing.servers.fcm import error
from heliograph.testing.servers.fcm_message import Wrong, check_message
from heliograph.testing.servers.http2 import Answer as Reply
from heliograph.testing.servers.http2 import Fault
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.anyio

DEVICE = "cZ9-keeper_101:APA91b" + "x" * 120
AUTHORITY = Authority()
KEY = new_account_key()


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    async with a_google(AUTHORITY, KEY) as made:
        yield made


def to(device: str = DEVICE, *, attempt: int = 1, **push: Any) -> Letter:
    message = a_message(content=a_push(**push), urgent=push.get("type") is PushType.IMPORTANT)
    return a_letter(message=message, address=Address(value=device), attempt=attempt)


async def sent(google: Google, letter: Letter) -> dict[str, Any]:
    outcome = await google.channel.send(letter)
    assert isinstance(outcome, Accepted), outcome
    message: dict[str, Any] = google.server.sends[-1].json["message"]
    return message


# ------------------------------------------------------------------------------- what is sent


async def test_a_notification_arrives_with_blocks_for_every_platform(google: Google) -> None:
    message = await sent(google, to(title="Fog", body="Sound the horn"))

    own = f"h{SATURDAY_NOON:x}-1"
    assert message == {
        "token": DEVICE,
        "notification": {"title": "Fog", "body": "Sound the horn"},
        "data": {"message_id": "1", "type": "Message"},
        "android": {"priority": "HIGH", "ttl": "86400s", "notification": {"tag": own, "sound": "default"}},
        "apns": {
            "headers": {
                "apns-push-type": "alert",
                "apns-priority": "10",
                "apns-expiration": str((SATURDAY_NOON + DAY_MS) // 1000),
                "apns-collapse-id": own,
            },
            "payload": {"aps": {"sound": "default"}},
        },
        "webpush": {"headers": {"TTL": "86400", "Urgency": "high"}},
    }
    assert google.server.sends[-1].path == f"/v1/projects/{PROJECT}/messages:send"


async def test_every_field_goes_where_the_table_says(google: Google) -> None:
    extra = {"badge": "3", "sound": "horn", "image": "https://coast.example/fog.png", "category": "WATCH"}
    message = await sent(
        google,
        to(
            url="https://coast.example/7",
            type=PushType.IMPORTANT,
            record_id=7,
            date="2026-11-21T12:00:00",
            duration="PT1H",
            display_seconds=60,
            data={
                **extra,
                "collapse_key": "fog",
                "from": "me",
                "gcm.x": "1",
                "google": "2",
                "url": "no",
                "keeper": "101",
            },
        ),
    )

    assert message["notification"]["image"] == "https://coast.example/fog.png"
    assert message["android"]["collapse_key"] == "fog"
    assert message["android"]["notification"] == {
        "tag": "fog", "sound": "horn", "notification_count": 3, "click_action": "WATCH",
        "notification_priority": "PRIORITY_MAX",
    }  # fmt: skip
    assert message["apns"]["headers"]["apns-collapse-id"] == "fog"
    assert message["apns"]["payload"]["aps"] == {
        "sound": "horn", "badge": 3, "category": "WATCH", "mutable-content": 1, "interruption-level": "time-sensitive",
    }  # fmt: skip
    assert message["webpush"]["headers"]["Topic"] == "fog"
    assert message["webpush"]["fcm_options"] == {"link": "https://coast.example/7"}
    assert message["data"] == {
        "message_id": "1",
        "type": "ImportantMessage",
        "url": "https://coast.example/7",
        "record_id": "7",
        "date": "2026-11-21T12:00:00",
        "duration": "PT1H",
        "expiry": "60",
        "x-from": "me",
        "x-gcm.x": "1",
        "x-google": "2",
        "keeper": "101",
    }


async def test_a_silent_push_is_data_alone(google: Google) -> None:
    message = await sent(google, to(title="Fog", body="Horn", silent=True))
    assert "notification" not in message
    assert message["android"] == {"priority": "NORMAL", "ttl": "86400s"}
    assert message["apns"]["payload"] == {"aps": {"content-available": 1}}
    assert message["apns"]["headers"]["apns-push-type"] == "background"
    assert (message["data"]["title"], message["data"]["message"]) == ("Fog", "Horn")


async def test_apps_that_show_notifications_themselves_get_everything_as_data() -> None:
    async with a_google(AUTHORITY, KEY, data_only=True) as google:
        message = await sent(google, to(title="Fog", body="Horn"))
        assert "notification" not in message
        assert message["android"]["priority"] == "HIGH"
        assert (message["data"]["title"], message["data"]["message"]) == ("Fog", "Horn")
        text = a_letter(message=a_message(content=a_text(sender="Lamp", body="Lit")), address=Address(value=DEVICE))
        assert (await sent(google, text))["data"]["message"] == "Lit"


async def test_a_question_has_a_link_to_answer_by(google: Google) -> None:
    assert (await sent(google, to(type=PushType.QUESTION)))["data"]["answer_url"] == "https://light.example/answer/1"
    assert "answer_url" not in (await sent(google, to()))["data"]


async def test_addresses_that_fcm_would_refuse_do_not_cost_the_message(google: Google) -> None:
    message = await sent(google, to(url="http://coast.example/", data={"image": "file:///fog.png"}))
    assert "fcm_options" not in message["webpush"]
    assert "image" not in message["notification"]
    assert message["data"]["url"] == "http://coast.example/"


async def test_the_time_to_live_is_what_is_left_of_it_and_28_days_at_most(google: Google) -> None:
    await google.clock.jump(3600)
    assert (await sent(google, to()))["android"]["ttl"] == "82800s"
    message = a_message(content=a_push(), expires_at=SATURDAY_NOON + 300 * DAY_MS)
    long = await sent(google, a_letter(message=message, address=Address(value=DEVICE)))
    assert long["android"]["ttl"] == f"{28 * 86400}s"


@pytest.mark.parametrize("character", ["ab", "é", "漢", "🗼", "\\", '"', "👩🏽‍🚒", "🇳🇴", "e\u0301"])
async def test_a_long_text_is_cut_between_two_characters(google: Google, character: str) -> None:
    body = (await sent(google, to(body=character * 5000)))["notification"]["body"].removesuffix("…")
    assert body == character * (len(body) // len(character))
    assert len(body.encode()) > 1900


async def test_data_that_cannot_be_cut_is_refused_before_it_is_sent(google: Google) -> None:
    assert isinstance(await google.channel.send(to(data={"chart": "x" * 5000})), Refused)
    assert google.server.sends == []


async def test_the_message_name_is_kept(google: Google) -> None:
    outcome = await google.channel.send(to())
    assert isinstance(outcome, Accepted)
    assert outcome.provider_id.startswith(f"projects/{PROJECT}/messages/0:")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "message"),
        (b'{"message":{"token":"x","to":"y"}}', "message."),
        (b'{"message":{"token":"x","data":{"n":1}}}', "message.data[0].value"),
        (b'{"message":{"token":"x","data":{"from":"a"}}}', "message.data"),
        (b'{"message":{"token":"x","topic":"y"}}', "message"),
        (b'{"message":{"token":"x","android":{"ttl":"1h"}}}', "message.android.ttl"),
        (b'{"message":{"token":"x","android":{"priority":"high"}}}', "message.android.priority"),
        (
            b'{"message":{"token":"x","webpush":{"fcm_options":{"link":"http://a"}}}}',
            "message.webpush.fcm_options.link",
        ),
        (b'{"message":{"token":"x","data":{"a":"%s"}}}' % (b"x" * 4096), "message"),
    ],
)
def test_the_fake_refuses_what_google_refuses(body: bytes, field: str) -> None:
    with pytest.raises(Wrong) as caught:
        check_message(body)
    assert caught.value.field == field


# ------------------------------------------------------------------------ what an answer means

NOT_A_TOKEN = "The registration token is not a valid FCM registration token"

#: Section B2 of the error-handling rules, written out by hand: what comes, and the outcome.
RULES: list[tuple[str, Reply, Outcome]] = [
    (
        "a token that is none",
        error(400, "INVALID_ARGUMENT", NOT_A_TOKEN, code="INVALID_ARGUMENT"),
        Gone("FCM answered 400 INVALID_ARGUMENT"),
    ),
    (
        "a field that is wrong",
        error(400, "INVALID_ARGUMENT", NOT_A_TOKEN, code="INVALID_ARGUMENT", field="message.data"),
        Refused("FCM answered 400 INVALID_ARGUMENT"),
    ),
    (
        "an argument that is wrong",
        error(400, "INVALID_ARGUMENT", "Too big", code="INVALID_ARGUMENT"),
        Refused("FCM answered 400 INVALID_ARGUMENT"),
    ),
    ("an old access token", error(401, "UNAUTHENTICATED"), Deferred("FCM answered 401 UNAUTHENTICATED")),
    ("another sender's token", error(403, "", code="SENDER_ID_MISMATCH"), Gone("FCM answered 403 SENDER_ID_MISMATCH")),
    ("a token that has ended", error(404, "NOT_FOUND", code="UNREGISTERED"), Gone("FCM answered 404 UNREGISTERED")),
    ("no project, once", error(404, "NOT_FOUND"), Deferred("FCM answered 404 NOT_FOUND", retry_after=10.0)),
    (
        "the quota",
        error(429, "RESOURCE_EXHAUSTED", code="QUOTA_EXCEEDED"),
        Deferred("FCM answered 429 QUOTA_EXCEEDED", retry_after=60.0, lane=True, charged=False),
    ),
    (
        "the quota, with Google's wish",
        error(429, "RESOURCE_EXHAUSTED", code="QUOTA_EXCEEDED", headers={"retry-after": "7"}),
        Deferred("FCM answered 429 QUOTA_EXCEEDED", retry_after=7.0, lane=True, charged=False),
    ),
    (
        "too much, unexplained",
        Reply(status=429),
        Deferred("FCM answered 429", retry_after=60.0, lane=True, charged=False),
    ),
    ("a fault", error(500, "INTERNAL", code="INTERNAL"), Deferred("FCM answered 500 INTERNAL", retry_after=10.0)),
    ("a fault, unexplained", Reply(status=500, body=b"<html>"), Deferred("FCM answered 500", retry_after=10.0)),
    (
        "an outage",
        error(503, "UNAVAILABLE", code="UNAVAILABLE", headers={"retry-after": "120"}),
        Deferred("FCM answered 503 UNAVAILABLE", retry_after=120.0),
    ),
    (
        "an outage that wants to be asked soon",
        error(503, "UNAVAILABLE", headers={"retry-after": "1"}),
        Deferred("FCM answered 503 UNAVAILABLE", retry_after=10.0),
    ),
    ("an outage, unexplained", Reply(status=503), Deferred("FCM answered 503", retry_after=10.0)),
]


@pytest.mark.parametrize(("reply", "outcome"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
async def test_each_documented_answer_means_what_the_table_says(google: Google, reply: Reply, outcome: Outcome) -> None:
    await sent(google, to())  # so that the access token is known to work
    google.server.script(reply)
    assert await google.channel.send(to()) == outcome


@pytest.mark.parametrize("row", [row for row in ANSWERS if row.mend], ids=lambda row: f"{row.status}{row.code}")
async def test_what_is_wrong_with_our_set_up_pauses_the_channel_and_says_how_to_mend_it(row: Answer) -> None:
    async with a_google(AUTHORITY, KEY) as google:
        code = row.code if row.sign is not Sign.NO_DETAIL else ""
        google.server.script(*[error(row.status, code or "NOT_FOUND", code=code)] * NO_PROJECT)
        outcomes = [await google.channel.send(to()) for _ in range(NO_PROJECT if row.sign is Sign.NO_DETAIL else 1)]
        last = outcomes[-1]
        assert isinstance(last, Deferred)
        assert row.mend in last.pause


async def test_an_answer_between_says_that_the_project_is_there(google: Google) -> None:
    lost = error(404, "NOT_FOUND")
    google.server.script(lost, lost, Reply(status=200, body=b'{"name":"projects/p/messages/1"}'), lost, lost)
    outcomes = [await google.channel.send(to()) for _ in range(5)]
    assert not any(isinstance(outcome, Deferred) and outcome.pause for outcome in outcomes)


@pytest.mark.parametrize(
    "lie", [Reply(status=418), Reply(status=302), Reply(status=400, body=b"[1]"), Reply(status=204)]
)
async def test_an_undocumented_answer_is_tried_again_five_times_at_most(google: Google, lie: Reply) -> None:
    google.server.script(lie, lie)
    assert isinstance(await google.channel.send(to(attempt=4)), Deferred)
    assert isinstance(await google.channel.send(to(attempt=5)), Refused)


async def test_what_google_still_answers_after_about_an_hour_is_refused(google: Google) -> None:
    waited = []
    for attempt in range(1, MOST_FAILED):
        google.server.script(error(503, "UNAVAILABLE"))
        outcome = await google.channel.send(to(attempt=attempt))
        assert isinstance(outcome, Deferred)
        waited.append([wait(RETRY, attempt, outcome, jitter) for jitter in (0.0, 0.5, 0.999)])
    assert [least for least, _, _ in waited] == [10.0 * 2**doubled for doubled in range(MOST_FAILED - 1)]
    assert 40 * 60 < sum(least for least, _, _ in waited) < 60 * 60 < sum(usual for _, usual, _ in waited) < 80 * 60
    google.server.script(error(503, "UNAVAILABLE"), error(503, "UNAVAILABLE"))
    assert isinstance(await google.channel.send(to(attempt=MOST_FAILED - 1)), Deferred)
    assert isinstance(await google.channel.send(to(attempt=MOST_FAILED)), Refused)


async def test_while_google_cannot_be_reached_attempts_go_on_for_a_day(google: Google) -> None:
    assert sum(ceiling(RETRY, attempt) / 2 for attempt in range(1, RETRY.attempts)) > 86_400
    async with a_google(AUTHORITY, KEY, endpoint="https://127.0.0.1:9") as unreachable:
        assert isinstance(await unreachable.channel.send(to(attempt=59)), Deferred)


async def test_what_may_have_arrived_is_sent_again_where_the_device_shows_one_of_two(google: Google) -> None:
    lost = Deferred("no answer", in_doubt=True)
    for push, again in (
        ({}, True),
        ({"silent": True}, False),
        ({"silent": True, "data": {"collapse_key": "weather"}}, True),
        ({"data": {"collapse_key": "weather"}}, True),
    ):
        letter = to(**push)
        policy = google.channel.traits.retry
        decision = decide(policy, lost, attempt=1, now=0, expires_at=None, jitter=0.5, message=letter.message)
        assert (decision.happening is Happening.DEFERRED) is again, push
        message = await sent(google, letter)
        assert again is ("collapse_key" in message["android"] or "tag" in message["android"].get("notification", {}))
    async with a_google(AUTHORITY, KEY, data_only=True) as google:
        assert not google.channel.traits.retry.resends(to().message)


def test_a_project_goes_as_fast_as_google_asks_for() -> None:
    clock = JumpingClock()
    settings = FcmSettings(service_account=SecretStr(account_file(pem_of(KEY), "https://google.example/token")))
    account = read_account(settings.service_account.get_secret_value())
    traits = FcmChannel(settings, account, some_tools(clock).transport, clock).traits
    assert traits.shape == Shape(per_second=10_000, ramp=60, near_quarter_hours=0.1), "600,000 a minute"


async def test_a_dead_token_and_another_projects_are_gone(google: Google) -> None:
    google.server.dead.add(DEVICE)
    assert isinstance(await google.channel.send(to()), Gone)
    other = DEVICE[::-1]
    google.server.of_other_senders.add(other)
    assert isinstance(await google.channel.send(to(other)), Gone)


# ------------------------------------------------------------------------------ access tokens


async def test_one_access_token_serves_a_hundred_at_once_and_most_of_an_hour(google: Google) -> None:
    outcomes = await asyncio.gather(*(google.channel.send(to(f"{DEVICE}{number}")) for number in range(100)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    for _ in range(5):
        await google.clock.jump(600)
        await sent(google, to())
    assert google.server.grants_asked == 1
    await google.clock.jump(600)
    await sent(google, to())
    assert google.server.grants_asked == 2


async def test_a_revoked_access_token_is_replaced_and_the_next_attempt_goes_through(google: Google) -> None:
    await sent(google, to())
    google.server.revoke()
    assert await google.channel.send(to()) == Deferred("FCM answered 401 UNAUTHENTICATED")
    await sent(google, to(attempt=2))


async def test_an_access_token_that_never_works_pauses_the_channel(google: Google) -> None:
    google.server.script(error(401, "UNAUTHENTICATED"))
    outcome = await google.channel.send(to())
    assert isinstance(outcome, Deferred)
    assert "service account" in outcome.pause


@pytest.mark.parametrize(
    ("grant", "pauses"),
    [
        (Reply(status=400, body=b'{"error":"invalid_grant"}'), True),
        (Reply(status=401, body=b'{"error":"invalid_client"}'), True),
        (Reply(status=503), False),
        (Reply(status=429, headers={"retry-after": "30"}), False),
        (Reply(status=200, body=b"{}"), False),
        (Reply(status=200, body=b'{"access_token":"a\\r\\nb"}'), False),
        (Reply(fault=Fault.HANG_UP), False),
    ],
)
async def test_no_access_token_is_never_the_messages_fault(google: Google, grant: Reply, pauses: bool) -> None:
    google.server.grants.append(grant)
    outcome = await google.channel.send(to())
    assert isinstance(outcome, Deferred)
    assert bool(outcome.pause) is pauses
    assert not outcome.in_doubt
    assert google.server.sends == []
    await sent(google, to(attempt=2))


async def test_who_waits_for_an_access_token_that_cannot_be_had_does_not_ask_for_it_again_one_by_one(
    google: Google,
) -> None:
    google.server.grants += [Reply(fault=Fault.HANG_UP)] * 20

    outcomes = await asyncio.gather(*(google.channel.send(to(f"{DEVICE}{number}")) for number in range(20)))

    assert all(isinstance(outcome, Deferred) and not outcome.in_doubt for outcome in outcomes)
    assert google.server.grants_asked == 1, "each would wait for all before it, beyond its own time, and be in doubt"


async def test_one_that_is_broken_off_leaves_the_others_their_access_token(google: Google) -> None:
    first, *others = [asyncio.create_task(google.channel.send(to(f"{DEVICE}{number}"))) for number in range(5)]
    await asyncio.sleep(0)
    first.cancel()

    assert all(isinstance(outcome, Accepted) for outcome in await asyncio.gather(*others))
    assert google.server.grants_asked == 1


async def test_a_clock_that_is_wrong_is_blamed_by_googles_date() -> None:
    async with a_google(AUTHORITY, KEY) as google:
        body = b'{"error":"invalid_grant","error_description":"Invalid JWT"}'
        date = {"date": "Sat, 21 Nov 2026 11:00:00 GMT"}
        google.server.grants.append(Reply(status=400, body=body, headers=date))
        check = await google.channel.check()
        assert not check.ok
        assert "60 minutes ahead" in check.sentence


# ------------------------------------------------------------------------------ broken lines


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.RESET, Fault.HANG_UP, Fault.CUT, Fault.GARBAGE])
async def test_an_answer_that_is_lost_leaves_the_delivery_in_doubt_and_the_next_one_goes_through(fault: Fault) -> None:
    async with a_google(AUTHORITY, KEY, timeout=1.0) as google:
        google.server.script(Reply(fault=fault))
        outcome = await google.channel.send(to())
        assert isinstance(outcome, Deferred)
        assert outcome.in_doubt
        await sent(google, to())


# ------------------------------------------------------------------- set-up, and channel check


@pytest.mark.parametrize(
    ("account", "complaint"),
    [
        ("", "one of service_account_file"),
        ("{", "not the JSON file"),
        ('{"type": "authorized_user"}', "not a service account"),
        (account_file("not a key", "https://oauth2.googleapis.com/token"), "not an unencrypted private key"),
        (account_file(pem_of(new_signing_key()), "https://oauth2.googleapis.com/token"), "not an RSA key"),
        (account_file(pem_of(KEY), "http://oauth2.googleapis.com/token"), "token_uri is not https"),
    ],
)
async def test_a_set_up_that_cannot_work_is_told_at_the_start_without_its_secrets(account: str, complaint: str) -> None:
    tools = some_tools()
    with pytest.raises(BadSetting, match=complaint) as caught:
        build_channel("google", {"kind": "fcm", "service_account": account}, tools)
    assert "PRIVATE KEY-----\n" not in str(caught.value)
    await tools.transport.close()


async def test_a_check_of_a_good_set_up_says_so_and_sends_nothing(google: Google) -> None:
    check = await google.channel.check()
    assert check.ok, check.sentence
    assert PROJECT in check.sentence
    assert google.server.sends[-1].json["validate_only"] is True


async def test_a_check_says_what_is_wrong_and_how_to_mend_it(google: Google) -> None:
    google.server.allowed = False
    check = await google.channel.check()
    assert not check.ok
    assert "role" in check.sentence

    async with a_google(AUTHORITY, KEY, project="somebody-elses") as other:
        check = await other.channel.check()
        assert not check.ok
        assert "project" in check.sentence

    async with a_google(AUTHORITY, new_account_key(), file={"private_key": pem_of(KEY)}) as stranger:
        check = await stranger.channel.check()
        assert not check.ok
        assert "invalid_grant" in check.sentence


@pytest.mark.parametrize("where", ["endpoint", "token_uri"])
async def test_while_nobody_can_be_reached_at_google_the_channel_waits(where: str) -> None:
    with deaf_port() as port:
        nowhere = f"https://127.0.0.1:{port}"
        changes = {"endpoint": nowhere} if where == "endpoint" else {"file": {"token_uri": f"{nowhere}/token"}}
        async with a_google(AUTHORITY, KEY, **changes) as google:
            answer = await google.channel.send(to())

    assert isinstance(answer, Deferred)
    assert (answer.unreachable, answer.in_doubt, answer.pause) == (True, False, "")
