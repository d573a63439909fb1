"""A delivery receipt: by its optional parameters, or by the text that vendors write (SMPP 3.4, appendix B). Pure."""

from __future__ import annotations

import re

import msgspec

from heliograph.channels.smpp.pdu import Sm, Tag
from heliograph.core.lifecycle import Happening

#: What a final state means; every other is on the way, or nobody knows.
STATES: dict[str, Happening] = {
    "DELIVRD": Happening.ARRIVED,
    "EXPIRED": Happening.BOUNCED,
    "DELETED": Happening.BOUNCED,
    "UNDELIV": Happening.BOUNCED,
    "REJECTD": Happening.BOUNCED,
}

#: message_state (section 5.2.28) in the words of the text.
BY_NUMBER = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}

_ID = re.compile(r"\bid:\s*(\S{1,64})", re.IGNORECASE | re.ASCII)
_STAT = re.compile(r"\bstat:\s*([A-Z]{4,10})", re.IGNORECASE | re.ASCII)
_ERR = re.compile(r"\berr:\s*(\w{1,8})", re.IGNORECASE | re.ASCII)


class Receipt(msgspec.Struct, frozen=True):
    """What the message centre says of a message it took."""

    ids: tuple[str, ...]  # as it is written first, then in the other notation
    state: str
    happening: Happening | None  # None while it is not final
    number: str  # whose receipt it is: +4712345678, or empty

    @property
    def detail(self) -> str:
        """In words."""
        return f"the message centre reports {self.state}"


def read_receipt(sm: Sm) -> Receipt | None:
    """The receipt in a deliver_sm; None when it names no message or no state."""
    text = sm.content.decode("latin-1")
    id = sm.tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"").split(b"\x00")[0].decode("latin-1") or _found(_ID, text)
    number = sm.tlvs.get(Tag.MESSAGE_STATE, b"")
    state = BY_NUMBER.get(number[0], "") if len(number) == 1 else ""
    state = state or _found(_STAT, text).upper()[:7]
    if not id or not id.isprintable() or not state:
        return None
    happening = STATES.get(state)
    error = _found(_ERR, text)
    said = f"{state} (error {error})" if happening is Happening.BOUNCED and error.strip("0") else state
    return Receipt(
        notations(id), said, happening, f"+{sm.source}" if sm.source.isascii() and sm.source.isdecimal() else ""
    )


def notations(id: str) -> tuple[str, ...]:
    """An id as it is, and as the same number in decimal and in hexadecimal, with and without leading zeros.

    One side of a message centre may count in decimal and the other in hexadecimal.
    """
    forms = [id, id.lower(), id.upper()]
    if id.isascii() and id.isalnum() and len(id) <= 20:
        for base in (10, 16):
            try:
                number = int(id, base)
            except ValueError:
                continue
            forms += [str(number), f"{number:010d}", f"{number:x}", f"{number:X}", f"{number:08x}", f"{number:08X}"]
    return tuple(dict.fromkeys(forms))


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""
