"""Texts become SMS in the smallest alphabet that holds them, and nothing that belongs together is cut apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.channels.sms import gsm
from heliograph.channels.sms.letters import Sms, read_letter, resolve, words
from heliograph.channels.sms.numbers import Kind, Sender, read_number, read_sender
from heliograph.channels.sms.parts import LIMITS, Alphabet, encode, mended, plan
from heliograph.core.delivery import Address
from heliograph.core.errors import InvalidArgument
from heliograph.core.outcome import Refused
from heliograph.testing.builders import a_letter, a_message, a_push, a_text

GSM_CHARS = [char for code, char in enumerate(gsm.BASIC) if code != gsm.ESCAPE] + list(gsm.EXTENSION.values())


def test_the_default_alphabet_is_the_one_of_the_standard() -> None:
    """Codes read off the table of 3GPP TS 23.038, one or two of each row."""
    known = {"@": 0, "£": 1, "é": 5, "Ç": 9, "\n": 10, "Å": 14, "Δ": 16, "Ξ": 26, "É": 31, " ": 32, "¤": 36, "?": 63}
    known |= {"¡": 64, "A": 65, "Z": 90, "Ä": 91, "§": 95, "¿": 96, "a": 97, "z": 122, "ü": 126, "à": 127}
    assert {char: gsm.encode(char)[0] for char in known} == known
    assert len(gsm.BASIC) == 128
    assert len(set(gsm.BASIC)) == 128


@pytest.mark.parametrize(("char", "code"), [("€", 0x65), ("[", 0x3C), ("\\", 0x2F), ("^", 0x14), ("|", 0x40)])
def test_an_extension_character_takes_an_escape_and_counts_twice(char: str, code: int) -> None:
    assert gsm.encode(char) == bytes([0x1B, code])
    assert gsm.septets(char) == 2


def test_what_the_alphabet_has_not_is_named_and_never_encoded() -> None:
    assert gsm.stranger("naïve ł") == "ï"
    assert gsm.septets("ł") == 0
    with pytest.raises(ValueError, match="not in the GSM alphabet"):
        gsm.encode("ł")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b\x65", "€"),
        (b"\x1b\x41", "A"),  # an extension nobody knows is the basic character
        (b"\x1b\x1bA", " A"),
        (b"A\x1b", "A "),
        (b"\xe6", "\ufffd"),
    ],
)
def test_what_is_received_is_read_as_the_standard_asks(data: bytes, text: str) -> None:
    assert gsm.decode(data) == text


@given(st.text(st.sampled_from(GSM_CHARS)))
def test_what_is_encoded_is_read_back(text: str) -> None:
    assert gsm.decode(gsm.encode(text)) == text


@pytest.mark.parametrize(
    ("text", "alphabet", "lengths"),
    [
        ("", Alphabet.GSM, [0]),
        ("a" * 160, Alphabet.GSM, [160]),
        ("a" * 161, Alphabet.GSM, [153, 8]),
        ("€" * 80, Alphabet.GSM, [80]),
        ("€" * 81, Alphabet.GSM, [76, 5]),  # 153 is odd: the 77th would lose its second half
        ("a" * 152 + "€" + "a" * 10, Alphabet.GSM, [152, 11]),
        ("ł" * 70, Alphabet.UCS2, [70]),
        ("ł" * 71, Alphabet.UCS2, [67, 4]),
        ("\U0001f5fc" * 35, Alphabet.UCS2, [35]),
        ("\U0001f5fc" * 36, Alphabet.UCS2, [33, 3]),
        ("ł" * 66 + "\U0001f5fc" * 3, Alphabet.UCS2, [66, 3]),
    ],
)
def test_a_text_is_cut_where_the_limits_are(text: str, alphabet: Alphabet, lengths: list[int]) -> None:
    made = plan(text)
    assert made.alphabet is alphabet
    assert [len(part) for part in made.parts] == lengths


def test_with_a_wide_reference_each_part_has_one_unit_less() -> None:
    assert [len(part) for part in plan("a" * 161, wide=True).parts] == [152, 9]
    assert [len(part) for part in plan("ł" * 71, wide=True).parts] == [66, 5]


def test_one_character_that_forces_ucs2_is_named() -> None:
    assert plan("Ring klokken 8 \u2013 sharp").stranger == "\u2013"
    assert plan("Ring klokken 8").stranger == ""


def test_an_accent_typed_apart_costs_nothing() -> None:
    assert plan("Cafe\u0301 a\u030angstro\u0308m").alphabet is Alphabet.GSM


@given(st.text(), st.booleans())
def test_the_parts_are_the_text_and_none_is_too_long(text: str, wide: bool) -> None:
    made = plan(text, wide=wide)
    limit = LIMITS[made.alphabet]
    most = limit.alone if len(made.parts) == 1 else limit.joined_wide if wide else limit.joined
    width = 2 if made.alphabet is Alphabet.UCS2 else 1
    octets = [encode(part, made.alphabet) for part in made.parts]
    assert "".join(made.parts) == mended(text)
    assert all(len(data) <= most * width for data in octets)
    assert sum(map(len, octets)) == made.units * width
    for data in octets:  # each part can be read alone: no escape without its character, no half of a pair
        if made.alphabet is Alphabet.GSM:
            assert not data.endswith(b"\x1b")
        else:
            data.decode("utf-16-be")  # raises at half a pair


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert plan("half \ud83d").parts == ("half ?",)


@pytest.mark.parametrize(
    "text",
    [
        "+4712345678",
        "004712345678",
        "+47 12 34 56 78",
        "+47 (123) 45-678",
        "+47.123/45678",
        "+47 (0)12 34 56 78",
        "0047(0)12345678",
    ],
)
def test_a_number_is_read_in_the_ways_people_write_it(text: str) -> None:
    assert read_number(text) == "+4712345678"


@pytest.mark.parametrize(("text", "number"), [("12345678", "+4712345678"), ("012 345 678", "+4712345678")])
def test_with_a_country_a_national_number_will_do(text: str, number: str) -> None:
    assert read_number(text, "47") == number


@pytest.mark.parametrize(
    "text", ["", "12345678", "+0712345678", "+123", "+1234567890123456", "+47abc", "keeper", "٣" * 8]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\+4712345678"):
        read_number(text)
    with pytest.raises(InvalidArgument) as refusal:
        resolve(text, "")
    assert refusal.value.fields[0].field == "To"


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("", Sender("", Kind.UNKNOWN)),
        ("+47 12345678", Sender("+4712345678", Kind.INTERNATIONAL)),
        ("4712345678", Sender("+4712345678", Kind.INTERNATIONAL)),
        ("26112", Sender("26112", Kind.SHORT)),
        ("Lighthouse", Sender("Lighthouse", Kind.NAME)),
        ("Fyr & Havn", Sender("Fyr & Havn", Kind.NAME)),
    ],
)
def test_a_sender_is_a_number_a_short_number_or_a_name(text: str, sender: Sender) -> None:
    assert read_sender(text) == sender


@pytest.mark.parametrize("text", ["The Lighthouse Keepers", "a\r\nb: c", "łamp", " x", "x\x00"])
def test_a_sender_that_no_phone_shows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="From is"):
        read_sender(text)


def test_a_letter_is_read_as_an_sms() -> None:
    letter = a_letter(address=Address(value="+4712345678"), message=a_message(content=a_text(sender="", body="Fog")))
    sms = read_letter(letter, sender="Lamp")
    assert isinstance(sms, Sms)
    assert (sms.to, sms.sender, sms.plan.parts) == ("+4712345678", Sender("Lamp", Kind.NAME), ("Fog",))


@pytest.mark.parametrize(
    ("text", "reason"),
    [(a_text(body=" \n"), "no text"), (a_text(body="a" * 2000), "14 SMS"), (a_text(sender="x" * 20), "From is")],
)
def test_what_can_never_be_an_sms_is_refused_with_the_reason(text: object, reason: str) -> None:
    letter = a_letter(address=Address(value="+4712345678"), message=a_message(content=text))
    refused = read_letter(letter, sender="", most_parts=10)
    assert isinstance(refused, Refused)
    assert reason in refused.detail


def test_a_push_is_said_line_by_line() -> None:
    assert words(a_push(title="Fog", body="Sound the horn", url="https://coast.example/7")) == (
        "Fog\nSound the horn\nhttps://coast.example/7"
    )
