"""Who an SMS goes to and who it is from: numbers by E.164, short numbers, names."""

from __future__ import annotations

import re
from enum import Enum

import msgspec

from heliograph.channels.sms import gsm

LONGEST_NAME = 11  # characters of an alphanumeric sender, 3GPP TS 23.040 section 9.1.2.5

_SPACING = re.compile(r"[ .()/\u00a0-]")
_TRUNK = re.compile(r"\(\s*0\s*\)")
_INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_NATIONAL = re.compile(r"\d{4,14}", re.ASCII)
_SHORT = re.compile(r"\d{3,8}", re.ASCII)
_COUNTRY = re.compile(r"[1-9]\d{0,2}", re.ASCII)


class Kind(Enum):
    """What a sender is; the value is its type of number in SMPP."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    SHORT = 3  # network specific
    NAME = 5


class Sender(msgspec.Struct, frozen=True):
    """From, as it is shown to the recipient."""

    value: str  # a number with its plus, a short number, a name, or empty for the provider's own choice
    kind: Kind

    @property
    def digits(self) -> str:
        """The value without a plus."""
        return self.value.removeprefix("+")


def read_number(text: str, country: str = "") -> str:
    """A number as +4712345678, from that or 004712345678, with spaces, dots, dashes, slashes or brackets in it.

    A `(0)` behind the country's code is for callers within the country, and dropped.
    With a country's calling code, a number without one is taken for that country's; one leading
    zero, by which many countries mark a national number, is dropped. Raises ValueError.
    """
    if len(text) > 40:
        raise ValueError("a number has at most 15 digits")
    bare = _SPACING.sub("", _TRUNK.sub("", text) if text.lstrip().startswith(("+", "00")) else text)
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    elif country and _NATIONAL.fullmatch(bare):
        bare = f"+{country}{bare.removeprefix('0')}"
    if not _INTERNATIONAL.fullmatch(bare):
        raise ValueError("a number like +4712345678, with the country's code, is wanted")
    return bare


def read_sender(text: str) -> Sender:
    """A sender: empty, a number like +4712345678, a short number, or a name. Raises ValueError."""
    if not text:
        return Sender("", Kind.UNKNOWN)
    bare = _SPACING.sub("", text)
    if _INTERNATIONAL.fullmatch(bare):
        return Sender(bare, Kind.INTERNATIONAL)
    if _SHORT.fullmatch(bare):
        return Sender(bare, Kind.SHORT)
    if _NATIONAL.fullmatch(bare):
        return read_sender(f"+{bare.removeprefix('00')}")
    if len(text) > LONGEST_NAME or not text.isprintable() or gsm.stranger(text) or text != text.strip():
        raise ValueError(
            f"From is a number like +4712345678, a short number, or a name of up to {LONGEST_NAME} letters"
        )
    return Sender(text, Kind.NAME)


def is_country(text: str) -> bool:
    """Whether the text is a country's calling code."""
    return _COUNTRY.fullmatch(text) is not None
