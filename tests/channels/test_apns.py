"""Notifications reach Apple as Apple wants them, and each of its answers means what the table says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.ports import deaf_port

from heliograph.channels.apns.answers import ANSWERS, Answer, Meaning
from heliograph.channels.apns.verdicts import MOST_DEAD_IN_A_ROW
from heliograph.channels.registry import build_channel
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting
from heliograph.core.message import Push, PushType
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.testing.apns import TOPIC, Apple, an_apple
from heliograph.testing.builders import DAY_MS, a_letter, a_message, a_push, a_text
from heliograph.testing.certificates import Authority
from heliograph.testing.clock import SATURDAY_NOON, JumpingClock
from heliograph.testing.servers.apns import refused, said
from heliograph.testing.servers.http2 import Answer as Reply
from heliograph.testing.servers.http2 import Fault, Request
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.anyio

DEVICE = "a1" * 32
AUTHORITY = Authority()


@pytest.fixture
async def apple() -> AsyncIterator[Apple]:
    async with an_apple(AUTHORITY) as made:
        yield made


def to(device: str = DEVICE, *, attempt: int = 1, delivery_id: int = 1, **push: Any) -> Letter:
    return a_letter(
        message=a_message(content=a_push(**push), urgent=push.get("type") is PushType.IMPORTANT),
        address=Address(value=device),
        attempt=attempt,
        delivery_id=delivery_id,
    )


async def sent(apple: Apple, letter: Letter) -> Request:
    assert isinstance(await apple.channel.send(letter), Accepted)
    return apple.server.requests[-1]


# ------------------------------------------------------------------------------- what is sent


async def test_an_alert_arrives_over_http_2_with_all_that_apple_asks_for(apple: Apple) -> None:
    request = await sent(apple, to(title="Fog", body="Sound the horn"))

    assert request.path == f"/3/device/{DEVICE}"
    assert {name: request.header(f"apns-{name}") for name in ("topic", "push-type", "priority", "expiration")} == {
        "topic": TOPIC,
        "push-type": "alert",
        "priority": "10",
        "expiration": str((SATURDAY_NOON + DAY_MS) // 1000),
    }
    assert request.json == {
        "message_id": "1",
        "type": "Message",
        "aps": {"alert": {"title": "Fog", "body": "Sound the horn"}, "sound": "default"},
    }


async def test_every_field_goes_where_the_table_says(apple: Apple) -> None:
    extra = {"badge": "3", "sound": "horn.caf", "image": "https://coast.example/fog.png", "category": "WATCH"}
    request = await sent(
        apple,
        to(
            title="Fog",
            body="Sound the horn",
            url="https://coast.example/7",
            type=PushType.IMPORTANT,
            record_id=7,
            date="2026-11-21T12:00:00",
            duration="PT1H",
            display_seconds=60,
            data={**extra, "collapse_key": "fog", "keeper": "101", "aps": "mine", "url": "not this"},
        ),
    )

    assert request.header("apns-collapse-id") == "fog"
    assert request.json == {
        "aps": {
            "alert": {"title": "Fog", "body": "Sound the horn"},
            "badge": 3,
            "sound": "horn.caf",
            "category": "WATCH",
            "mutable-content": 1,
            "interruption-level": "time-sensitive",
        },
        "image": "https://coast.example/fog.png",
        "message_id": "1",
        "type": "ImportantMessage",
        "url": "https://coast.example/7",
        "record_id": "7",
        "date": "2026-11-21T12:00:00",
        "duration": "PT1H",
        "expiry": "60",
        "keeper": "101",
        "x-aps": "mine",
    }


async def test_a_silent_push_wakes_the_app_and_shows_nothing(apple: Apple) -> None:
    request = await sent(apple, to(title="Fog", silent=True, data={"sound": "horn.caf", "badge": "1"}))

    assert request.header("apns-push-type") == "background"
    assert request.header("apns-priority") == "5"
    assert request.json["aps"] == {"content-available": 1}
    assert request.json["title"] == "Fog"


async def test_a_text_of_send_messages_is_an_alert_from_its_sender(apple: Apple) -> None:
    text = a_text(sender="Lighthouse", body="The lamp is lit.", session_key="watch")
    letter = a_letter(message=a_message(content=text), address=Address(value=DEVICE))
    request = await sent(apple, letter)
    assert request.json["aps"]["alert"] == {"title": "Lighthouse", "body": "The lamp is lit."}
    assert request.json["session_key"] == "watch"


async def test_a_question_has_its_category_and_for_each_recipient_a_link_to_answer_by(apple: Apple) -> None:
    for delivery_id in (1, 2):
        request = await sent(apple, to(delivery_id=delivery_id, type=PushType.QUESTION))
        assert request.json["aps"]["category"] == "YesNoQuestion"
        assert request.json["answer_url"] == f"https://light.example/answer/{delivery_id}"
    assert "answer_url" not in (await sent(apple, to())).json


@pytest.mark.parametrize("character", ["ab", "é", "漢", "🗼", "\\", '"', "👩🏽‍🚒", "🇳🇴", "e\u0301"])
async def test_a_long_text_is_cut_to_4096_bytes_between_two_characters(apple: Apple, character: str) -> None:
    request = await sent(apple, to(title="Fog", body=character * 4000))

    assert 4050 <= len(request.body) <= 4096
    body = request.json["aps"]["alert"]["body"].removesuffix("…")
    assert body == character * (len(body) // len(character))
    assert request.json["aps"]["alert"]["title"] == "Fog"


async def test_a_long_title_is_cut_when_the_text_alone_does_not_do(apple: Apple) -> None:
    request = await sent(apple, to(title="Fog " * 2000, body="Sound the horn"))
    assert len(request.body) <= 4096
    assert "body" not in request.json["aps"]["alert"] or not request.json["aps"]["alert"]["body"]


async def test_data_that_cannot_be_cut_is_refused_before_it_is_sent(apple: Apple) -> None:
    outcome = await apple.channel.send(to(data={"chart": "x" * 5000}))
    assert isinstance(outcome, Refused)
    assert "4,096" in outcome.detail
    assert apple.server.requests == []


async def test_every_attempt_carries_the_same_ids_and_another_delivery_another_apns_id(apple: Apple) -> None:
    first = await sent(apple, to())
    again = await sent(apple, to(attempt=2))
    other = await sent(apple, to("b2" * 32, delivery_id=2))
    assert first.header("apns-id") == again.header("apns-id") != other.header("apns-id")
    assert first.header("apns-collapse-id") == other.header("apns-collapse-id") != ""


async def test_the_apns_id_is_kept(apple: Apple) -> None:
    outcome = await apple.channel.send(to())
    assert isinstance(outcome, Accepted)
    assert outcome.provider_id == apple.server.requests[0].header("apns-id")
    assert not outcome.delivered


async def test_a_hundred_at_once_share_one_connection(apple: Apple) -> None:
    letters = [to(f"{number:064x}", delivery_id=number) for number in range(1, 101)]
    outcomes = await asyncio.gather(*map(apple.channel.send, letters))
    assert [outcome for outcome in outcomes if not isinstance(outcome, Accepted)] == []
    assert len({request.path for request in apple.server.requests}) == 100
    assert apple.server.server.connections <= 8


# ------------------------------------------------------------------------ what an answer means

UNREGISTERED_SINCE = SATURDAY_NOON - DAY_MS


def expected(row: Answer) -> Outcome:
    """What section B1 of the error-handling rules says, written out by hand."""
    text = f"Apple answered {row.status} {row.reason}".rstrip()
    by_reason: dict[str, Outcome] = {
        "DeviceTokenNotForTopic": Gone(text),
        "BadDeviceToken": Gone(text),
        "Unregistered": Gone(text, UNREGISTERED_SINCE),
        "ExpiredToken": Gone(text, UNREGISTERED_SINCE),
        "IdleTimeout": Deferred(text),
        "TooManyRequests": Deferred(text, retry_after=60.0),
        "InternalServerError": Deferred(text, retry_after=900.0),
        "ServiceUnavailable": Deferred(text, retry_after=900.0),
        "Shutdown": Deferred(text, retry_after=900.0),
        "TooManyProviderTokenUpdates": Deferred(text, retry_after=1200.0, pause=f"{text}: {row.mend}"),
    }
    ours = {"TopicDisallowed", "ExpiredProviderToken"} | {r.reason for r in ANSWERS if r.status == 403}
    if row.reason in by_reason:
        return by_reason[row.reason]
    return Deferred(text, pause=f"{text}: {row.mend}") if row.reason in ours else Refused(text)


@pytest.mark.parametrize(
    "row", [row for row in ANSWERS if row.status != 200], ids=lambda row: f"{row.status}{row.reason}"
)
async def test_each_documented_answer_means_what_the_table_says(apple: Apple, row: Answer) -> None:
    await sent(apple, to())  # so that Apple is known to take this environment's tokens
    more = {"timestamp": UNREGISTERED_SINCE} if row.status == 410 else {}
    apple.server.script(said(row.status, row.reason, **more))
    assert await apple.channel.send(to()) == expected(row)


def test_the_table_holds_every_reason_that_apple_documents() -> None:
    assert len(ANSWERS) == len({(row.status, row.reason) for row in ANSWERS}) == 33
    assert all(row.mend for row in ANSWERS if row.meaning in (Meaning.OURS, Meaning.NEW_TOKEN))


@pytest.mark.parametrize("wish", ["30", "Sat, 21 Nov 2026 12:00:30 GMT"])
async def test_apples_own_wish_is_kept(apple: Apple, wish: str) -> None:
    apple.server.script(said(503, "ServiceUnavailable", headers={"retry-after": wish}))
    outcome = await apple.channel.send(to())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after == 30.0


@pytest.mark.parametrize(
    "lie",
    [
        Reply(status=418),
        Reply(status=400, body=b"{"),
        Reply(status=400, body=b'{"reason":7}'),
        Reply(status=302),
        Reply(status=204),
    ],
    ids=lambda lie: f"{lie.status}{lie.body!r}",
)
async def test_an_undocumented_answer_is_tried_again_five_times_at_most(apple: Apple, lie: Reply) -> None:
    apple.server.script(lie, lie)
    assert isinstance(await apple.channel.send(to(attempt=4)), Deferred)
    assert isinstance(await apple.channel.send(to(attempt=5)), Refused)


async def test_a_reason_never_brings_foreign_words_into_our_log(apple: Apple) -> None:
    apple.server.script(said(400, "\x1b[31m" + DEVICE))
    outcome = await apple.channel.send(to())
    assert outcome == Deferred("Apple answered 400")


# ----------------------------------------------------------------------------- dead tokens


async def test_a_bad_token_is_kept_until_apple_has_taken_another_of_this_environment(apple: Apple) -> None:
    apple.server.elsewhere.add(DEVICE)
    early = await apple.channel.send(to())
    assert isinstance(early, Refused)
    assert "other environment" in early.detail

    await sent(apple, to("b2" * 32))
    assert isinstance(await apple.channel.send(to()), Gone)


async def test_many_bad_tokens_in_a_row_prune_no_more(apple: Apple) -> None:
    await sent(apple, to("b2" * 32))
    apple.server.elsewhere.add(DEVICE)
    outcomes = [await apple.channel.send(to()) for _ in range(MOST_DEAD_IN_A_ROW + 5)]
    assert [type(outcome) for outcome in outcomes] == [Gone] * MOST_DEAD_IN_A_ROW + [Refused] * 5


async def test_an_unregistered_token_is_gone_since_apples_timestamp(apple: Apple) -> None:
    apple.server.dead[DEVICE] = UNREGISTERED_SINCE
    assert await apple.channel.send(to()) == Gone("Apple answered 410 Unregistered", UNREGISTERED_SINCE)


async def test_a_token_of_another_app_is_gone(apple: Apple) -> None:
    apple.server.of_other_apps.add(DEVICE)
    assert isinstance(await apple.channel.send(to()), Gone)


# -------------------------------------------------------------------------- how we prove who we are


async def test_the_signature_is_renewed_between_20_and_60_minutes(apple: Apple) -> None:
    for _ in range(24 * 6):
        await sent(apple, to())
        await apple.clock.jump(600)
    tokens = [request.header("authorization") for request in apple.server.requests]
    changes = sum(one != next for one, next in pairwise(tokens))
    assert 24 <= changes <= 72


async def test_an_expired_signature_is_renewed_once_and_then_the_clock_is_blamed(apple: Apple) -> None:
    await sent(apple, to())
    await apple.clock.jump(30 * 60)
    expired = said(403, "ExpiredProviderToken")
    apple.server.script(expired)
    assert await apple.channel.send(to()) == Deferred("Apple answered 403 ExpiredProviderToken")
    await sent(apple, to())
    apple.server.script(expired)
    outcome = await apple.channel.send(to())
    assert isinstance(outcome, Deferred)
    assert "clock" in outcome.pause


async def test_an_expired_signature_costs_one_renewal_however_many_were_under_way_and_a_new_connection(
    apple: Apple,
) -> None:
    await sent(apple, to())
    await apple.clock.jump(30 * 60)
    apple.server.script(*[Reply(status=403, body=b'{"reason":"ExpiredProviderToken"}', delay=0.05)] * 10)
    outcomes = await asyncio.gather(*(apple.channel.send(to(f"{number:064x}")) for number in range(1, 11)))
    assert outcomes == [Deferred("Apple answered 403 ExpiredProviderToken")] * 10
    await sent(apple, to())
    assert len({request.header("authorization") for request in apple.server.requests}) == 2
    assert apple.server.requests[-1].connection > apple.server.requests[-2].connection


async def test_a_connection_that_began_with_another_teams_key_is_left(apple: Apple) -> None:
    await sent(apple, to())
    apple.server.script(said(403, "UnrelatedKeyIdInToken"))
    outcome = await apple.channel.send(to())
    assert isinstance(outcome, Deferred)
    assert outcome.pause
    await sent(apple, to())
    assert [request.connection for request in apple.server.requests] == [1, 1, 2]


async def test_a_certificate_is_shown_where_there_is_no_signing_key(tmp_path: Path) -> None:
    file = tmp_path / "push.pem"
    file.write_bytes(b"Bag Attributes\n    friendlyName: Apple Push\n" + AUTHORITY.identity(TOPIC))
    async with an_apple(AUTHORITY, certificate_file=str(file)) as apple:
        request = await sent(apple, to())
        assert request.certificate == TOPIC
        assert request.header("authorization") == ""


@pytest.mark.parametrize(("days", "hint"), [(0, ""), (400, "ended on"), (-400, "clock")])
async def test_a_check_looks_at_the_certificates_dates(tmp_path: Path, days: int, hint: str) -> None:
    file = tmp_path / "push.pem"
    file.write_bytes(AUTHORITY.identity(TOPIC))
    moment = int(time.time() * 1000) + days * DAY_MS
    async with an_apple(AUTHORITY, clock=JumpingClock(moment), certificate_file=str(file)) as apple:
        check = await apple.channel.check()
        assert check.ok is not bool(hint)
        assert hint in check.sentence


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({}, "one of key_file"),
        ({"private_key": "x", "certificate_file": "y"}, "one of key_file"),
        ({"private_key": "x"}, "key_id and team_id"),
        ({"private_key": "not a key", "key_id": "A" * 10, "team_id": "B" * 10}, "not an unencrypted private key"),
        ({"key_file": "/nowhere/key.p8", "key_id": "A" * 10, "team_id": "B" * 10}, "cannot be read"),
        ({"certificate_file": "/dev/null"}, "private key"),
        ({"private_key": "x", "key_id": "short", "team_id": "B" * 10}, "ten capital letters"),
        ({"endpoint": "http://127.0.0.1"}, "must be https"),
        ({"topic": "com.example/../x"}, "bundle id"),
    ],
)
async def test_a_set_up_that_cannot_work_is_told_at_the_start(changes: dict[str, Any], complaint: str) -> None:
    tools = some_tools()
    with pytest.raises(BadSetting, match=complaint):
        build_channel("apple", {"kind": "apns", "topic": TOPIC, **changes}, tools)
    await tools.transport.close()


# ------------------------------------------------------------------------------ broken lines


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.RESET, Fault.HANG_UP, Fault.CUT, Fault.GARBAGE])
async def test_an_answer_that_is_lost_leaves_the_delivery_in_doubt_and_the_next_one_goes_through(fault: Fault) -> None:
    async with an_apple(AUTHORITY, timeout=0.3) as apple:
        apple.server.script(Reply(fault=fault))
        outcome = await apple.channel.send(to())
        assert isinstance(outcome, Deferred)
        assert outcome.in_doubt
        await sent(apple, to())


@pytest.mark.parametrize("fault", [Fault.GOAWAY, Fault.REFUSE])
async def test_what_apple_did_not_look_at_is_sent_again_at_once(apple: Apple, fault: Fault) -> None:
    apple.server.script(Reply(fault=fault))
    await sent(apple, to())
    assert len(apple.server.requests) == 2


async def test_a_server_that_nobody_vouches_for_pauses_the_channel(apple: Apple) -> None:
    stranger = Authority("Somebody else")
    async with an_apple(stranger, endpoint=apple.server.url) as other:
        outcome = await other.channel.send(to())
        assert isinstance(outcome, Deferred)
        assert "certificate" in outcome.pause
        assert "outbound.ca_file" in (await other.channel.check()).sentence
    assert apple.server.requests == []


# ------------------------------------------------------------------------------- channel check


async def test_a_check_of_a_good_set_up_says_so(apple: Apple) -> None:
    check = await apple.channel.check()
    assert check.ok
    assert TOPIC in check.sentence


@pytest.mark.parametrize(
    ("changes", "account", "hint"),
    [
        ({"topic": "com.example.other"}, {}, "topic"),
        ({"team_id": "STRANGERS1"}, {}, "team_id"),
        ({"key_id": "STRANGERS1"}, {}, "key_id"),
        ({}, {"environments": frozenset(("sandbox",))}, "environment"),
    ],
    ids=["wrong topic", "wrong team", "wrong key", "a sandbox key in production"],
)
async def test_a_check_says_what_is_wrong_and_how_to_mend_it(
    changes: dict[str, Any], account: dict[str, Any], hint: str
) -> None:
    async with an_apple(AUTHORITY, account_changes=account, **changes) as apple:
        check = await apple.channel.check()
        assert not check.ok
        assert hint in check.sentence


async def test_a_check_with_an_hour_of_clock_skew_blames_the_clock(apple: Apple) -> None:
    apple.server.script(said(403, "ExpiredProviderToken"))
    apple.server.server.judge = lambda request: refused(request, 403, "ExpiredProviderToken")
    check = await apple.channel.check()
    assert not check.ok
    assert "clock" in check.sentence


def test_a_push_and_its_payload_agree_about_the_names_of_types() -> None:
    assert {kind.value for kind in PushType} == {
        "Message",
        "ImportantMessage",
        "RemoteAction",
        "YesNoQuestion",
        "ShowWebPage",
    }
    assert Push().type is PushType.MESSAGE


async def test_while_nobody_can_be_reached_at_apple_the_channel_waits_and_no_device_is_blamed() -> None:
    with deaf_port() as port:
        async with an_apple(AUTHORITY, endpoint=f"https://127.0.0.1:{port}") as apple:
            answer = await apple.channel.send(to())

    assert isinstance(answer, Deferred)
    assert (answer.unreachable, answer.in_doubt, answer.pause) == (True, False, "")
