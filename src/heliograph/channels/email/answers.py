"""What an SMTP server's answer means for the delivery: one table, read down (RFC 5321 section 4.2, RFC 3463)."""

from __future__ import annotations

import re
from enum import Enum, StrEnum

import msgspec

from heliograph.core.outcome import Deferred, Gone, Outcome, Refused


class Step(StrEnum):
    """How far the conversation had come."""

    CONNECT = "connecting"
    TLS = "starting TLS"
    SIGN_IN = "signing in"
    SENDER = "naming the sender"
    RECIPIENT = "naming the recipient"
    CONTENT = "handing over the mail"


class Meaning(Enum):
    """What follows from an answer."""

    AGAIN = "try again by the schedule"
    GREYLISTED = "the server wants to see whether we come back: not before five minutes"
    SLOWER = "the server is busy or going down: slow the whole channel"
    SET_UP = "our set-up is wrong: pause the channel, charge nothing"
    POLICY = "this mail never; too many of these pause the channel"
    NEVER = "this mail never"
    GONE = "this mail never, and the mailbox does not exist"


class Row(msgspec.Struct, frozen=True):
    """One line of the table; `enhanced` is an RFC 3463 code, its start with a dot at the end, or empty for any."""

    first: int
    last: int
    means: Meaning
    step: Step | None = None  # None: any
    enhanced: str = ""


#: The first row that fits counts.
ANSWERS: tuple[Row, ...] = (
    Row(421, 421, Meaning.SLOWER),
    Row(530, 530, Meaning.SET_UP),  # sign in first, or use TLS first
    Row(534, 535, Meaning.SET_UP),  # wrong credentials, mechanism too weak
    Row(538, 538, Meaning.SET_UP),
    Row(500, 599, Meaning.SET_UP, Step.CONNECT),
    Row(500, 599, Meaning.SET_UP, Step.TLS),
    Row(500, 599, Meaning.SET_UP, Step.SIGN_IN),
    Row(552, 552, Meaning.NEVER, Step.SENDER),  # the announced size is too large
    Row(500, 599, Meaning.SET_UP, Step.SENDER),  # the sender comes from our settings
    Row(400, 499, Meaning.GREYLISTED, Step.RECIPIENT, "4.7."),
    Row(400, 499, Meaning.GREYLISTED, Step.CONTENT, "4.7."),
    Row(400, 499, Meaning.AGAIN),
    Row(500, 599, Meaning.AGAIN, None, "5.2.2"),  # the mailbox is full, which passes
    Row(552, 552, Meaning.AGAIN, Step.RECIPIENT),  # old servers say so for too many recipients
    Row(556, 556, Meaning.GONE),  # the domain takes no mail (RFC 7504)
    Row(550, 559, Meaning.GONE, None, "5.1.1"),  # no such mailbox
    Row(550, 559, Meaning.GONE, None, "5.1.10"),  # the domain takes no mail (null MX)
    Row(550, 559, Meaning.GONE, None, "5.1.2"),  # no such domain
    Row(550, 559, Meaning.GONE, None, "5.1.3"),  # not an address
    Row(550, 559, Meaning.GONE, None, "5.1.6"),  # moved, no forwarding
    Row(550, 550, Meaning.POLICY, None, "5.7."),  # policy, or taken for spam
    Row(554, 554, Meaning.POLICY, None, "5.7."),
    Row(500, 599, Meaning.NEVER),  # size, and our own mistakes
)

GREYLIST_WAIT = 300.0  # seconds
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)", re.ASCII)
_LONGEST = 200  # characters of the server's own words that are kept


def meaning(step: Step, code: int, text: str) -> Meaning:
    """The meaning of an answer by the table; an answer of no kind we know: try again."""
    found = _ENHANCED.match(text)
    enhanced = found[0] if found else ""
    for row in ANSWERS:
        if row.first <= code <= row.last and row.step in (None, step) and _fits(row.enhanced, enhanced):
            return row.means
    return Meaning.AGAIN


def outcome(step: Step, code: int, text: str) -> Outcome:
    """What a refusing answer means for the delivery."""
    said = f"{step}: the server answered {code} {plain(text)}".rstrip()
    match meaning(step, code, text):
        case Meaning.AGAIN:
            return Deferred(said)
        case Meaning.GREYLISTED:
            return Deferred(said, retry_after=GREYLIST_WAIT)
        case Meaning.SLOWER:
            return Deferred(said, lane=True)
        case Meaning.SET_UP:
            return Deferred(said, pause=said)
        case Meaning.NEVER | Meaning.POLICY:
            return Refused(said)
        case Meaning.GONE:
            return Gone(said)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows, to be read down."""
    rows: list[tuple[str, ...]] = [
        (
            str(row.first) if row.first == row.last else f"{row.first}-{row.last}",
            f"{row.enhanced}*" if row.enhanced.endswith(".") else row.enhanced or "any",
            row.step.value if row.step else "any",
            row.means.value,
        )
        for row in ANSWERS
    ]
    return ("code", "enhanced code", "while", "what follows"), rows


def _fits(wanted: str, given: str) -> bool:
    """`4.7.` stands for every code that starts so; a whole code stands for itself."""
    return given == wanted or not wanted or (wanted.endswith(".") and given.startswith(wanted))


def plain(text: str) -> str:
    """The server's words on one line, cut."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST]
