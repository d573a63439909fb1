"""A text cut into the parts that travel as SMS, in the smallest alphabet that holds it (3GPP TS 23.040, 9.2.3.24)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from enum import StrEnum

import msgspec

from heliograph.channels.sms import gsm

MOST_PARTS = 255  # the count is one octet of the concatenation header


class Alphabet(StrEnum):
    """How a part's characters are counted and written."""

    GSM = "gsm"  # septets
    UCS2 = "ucs-2"  # UTF-16 units, big-endian


class Limit(msgspec.Struct, frozen=True):
    """How many units a part may have."""

    alone: int  # the text is one part
    joined: int  # with the 6-octet header, whose reference is one octet
    joined_wide: int  # with the 7-octet header, whose reference is two


LIMITS: dict[Alphabet, Limit] = {
    Alphabet.GSM: Limit(160, 153, 152),
    Alphabet.UCS2: Limit(70, 67, 66),
}


class Plan(msgspec.Struct, frozen=True):
    """What would be sent."""

    alphabet: Alphabet
    parts: tuple[str, ...]
    units: int  # in all parts together
    stranger: str = ""  # the first character that the GSM alphabet has not, the reason for UCS-2


def plan(text: str, *, wide: bool = False, latin1: bool = False) -> Plan:
    """Cut a text. An escape stays with its character, and a surrogate pair stays whole.

    Characters that are one in composed form are composed first, so that an accent typed as two
    code points does not cost the GSM alphabet. Half a surrogate pair becomes a question mark.
    `wide` counts for the concatenation header with a 16-bit reference. With `latin1` the way there
    speaks Latin-1, so that only what is in both alphabets travels as GSM.
    """
    text = mended(text)
    stranger = gsm.stranger(text) or (latin1 and next((char for char in text if ord(char) > 0xFF), "")) or ""
    alphabet = Alphabet.UCS2 if stranger else Alphabet.GSM
    cost = _utf16_units if stranger else gsm.septets
    units = sum(map(cost, text))
    limit = LIMITS[alphabet]
    if units <= limit.alone:
        return Plan(alphabet, (text,), units, stranger)
    return Plan(alphabet, _cut(text, cost, limit.joined_wide if wide else limit.joined), units, stranger)


def encode(part: str, alphabet: Alphabet) -> bytes:
    """A part's octets: one septet to a byte, or UTF-16 big-endian."""
    return gsm.encode(part) if alphabet is Alphabet.GSM else part.encode("utf-16-be")


def mended(text: str) -> str:
    """The text in composed form, with a question mark for half a surrogate pair."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())


def _cut(text: str, cost: Callable[[str], int], limit: int) -> tuple[str, ...]:
    parts: list[str] = []
    start = used = 0
    for index, char in enumerate(text):
        units = cost(char)
        if used + units > limit:
            parts.append(text[start:index])
            start, used = index, 0
        used += units
    return (*parts, text[start:])


def _utf16_units(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1
