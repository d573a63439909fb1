"""What all push providers share: texts cut between characters, fields read once, tokens signed, memories that fade."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from heliograph.channels.fitting import ELLIPSIS, TooLong, fitted, shortened, size_in_json
from heliograph.channels.jose import read_key, signed_token
from heliograph.channels.memo import Memo
from heliograph.channels.notice import DATA, SPECIAL, hashed, own_collapse, read, short_collapse
from heliograph.channels.trouble import behind
from heliograph.core.message import Message
from heliograph.core.ports import Reply
from heliograph.testing.apns import pem_of
from heliograph.testing.builders import a_message, a_push, a_text
from heliograph.testing.clock import SATURDAY_NOON
from heliograph.testing.fcm import new_account_key
from heliograph.testing.servers.apns import new_signing_key
from heliograph.testing.servers.tokens import BadToken, parts, verified

TEXTS = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from('"\\\n\u200d\u0301👩🏽🇳🇴\u1112\u1161')), max_size=200
)


@given(TEXTS, st.integers(0, 300))
def test_a_shortened_text_fits_and_is_the_beginning_of_the_text(text: str, most: int) -> None:
    short = shortened(text, most)
    assert size_in_json(short) <= most
    assert short == text or text.startswith(short.removesuffix(ELLIPSIS))


@given(TEXTS)
def test_a_text_that_fits_is_left_as_it_is(text: str) -> None:
    assert shortened(text, size_in_json(text)) == text


@given(TEXTS, st.integers(4, 300))
def test_what_follows_the_cut_never_belonged_to_the_character_before(text: str, most: int) -> None:
    short = shortened(text, most)
    if short == text or not short:
        return
    rest = text[len(short.removesuffix(ELLIPSIS)) :].lstrip()
    assert not rest or unicodedata.category(rest[0]) not in ("Mn", "Me", "Mc")
    assert not rest.startswith("\u200d")


@pytest.mark.parametrize("whole", ["👩🏽‍🚒", "🇳🇴", "e\u0301\u0323", "각", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "❤️‍🔥", "\r\n"])
def test_a_character_of_several_parts_is_kept_whole_or_left_out(whole: str) -> None:
    for most in range(4, 60):
        kept = shortened("a" + whole * 3, most).removesuffix(ELLIPSIS)
        assert kept.removeprefix("a") in ("", whole.rstrip(), whole, whole * 2, whole * 3, (whole * 2).rstrip())


def test_texts_are_shortened_in_their_order_and_what_is_left_must_fit() -> None:
    payload = {"title": "t" * 50, "body": "b" * 50, "data": "d" * 50}
    read_back = msgspec.json.decode(fitted(payload, (("body",), ("title",)), 150))
    assert read_back["title"] == "t" * 50
    assert len(read_back["body"]) < 50
    with pytest.raises(TooLong, match="80"):
        fitted(payload, (("body",), ("title",)), 80)


def test_half_a_surrogate_pair_is_shown_as_a_question_mark() -> None:
    notice = read(a_message(content=a_push(title="\ud83d", data={"k\ud83d": "v\udc00"})))
    assert notice.title == "?"
    assert notice.data["k?"] == "v?"


@pytest.mark.parametrize(
    ("text", "badge"), [("3", 3), ("0", 0), ("", None), ("-1", None), ("²", None), ("9" * 9, 99_999)]
)
def test_a_badge_is_a_whole_number_or_none(text: str, badge: int | None) -> None:
    assert read(a_message(content=a_push(data={"badge": text}))).badge == badge


def test_special_keys_do_not_travel_as_data_and_no_field_shares_a_name_with_them() -> None:
    notice = read(a_message(content=a_push(data=dict.fromkeys(SPECIAL, "1"))))
    assert not SPECIAL & notice.data.keys()
    assert not SPECIAL & {datum.key for datum in DATA}


def test_a_collapse_key_of_our_own_differs_from_message_to_message() -> None:
    assert own_collapse(a_message(1)) != own_collapse(a_message(2))
    assert own_collapse(a_message(1)) != own_collapse(a_message(1, created_at=SATURDAY_NOON + 1))
    assert read(a_message(content=a_text())).collapse == own_collapse(a_message())


def test_a_collapse_key_that_a_provider_would_not_take_is_hashed() -> None:
    assert short_collapse("fog") == "fog"
    assert short_collapse("å") == hashed("å", 64)
    assert len(short_collapse("x" * 65)) == 64


def test_a_memory_is_of_the_message_as_it_is_and_of_the_moment() -> None:
    made: list[Message] = []

    def make(message: Message) -> int:
        made.append(message)
        return len(made)

    memo, message = Memo(make), a_message()
    assert [memo.of(message), memo.of(replace(message)), memo.of(message, 1)] == [1, 1, 2]
    assert memo.of(replace(message, expires_at=message.expires_at + 1), 1) == 3
    for number in range(100, 200):
        memo.of(a_message(number))
    assert memo.of(message, 1) == 104


@pytest.mark.parametrize("key", [new_signing_key(), new_account_key()], ids=["ES256", "RS256"])
def test_a_signed_token_holds_for_its_key_and_for_no_other(key: object) -> None:
    signing = read_key(pem_of(key))
    token = signed_token(signing, {"iss": "us"}, key_id="K1")
    assert verified(token, signing.public_key()) == {"iss": "us"}
    assert parts(token)[0]["kid"] == "K1"
    for other in (new_signing_key(), new_account_key()):
        with pytest.raises(BadToken):
            verified(token, other.public_key())


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("Sat, 21 Nov 2026 12:00:30 GMT", ""),
        ("Sat, 21 Nov 2026 12:10:00 GMT", "10 minutes behind"),
        ("Sat, 21 Nov 2026 11:50:00 GMT", "10 minutes ahead"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_a_clock_that_is_off_is_told_by_the_providers_date(date: str, said: str) -> None:
    reply = Reply(status=403, headers={"date": date}, body=b"")
    assert said in behind(reply, SATURDAY_NOON)
    assert bool(behind(reply, SATURDAY_NOON)) is bool(said)
