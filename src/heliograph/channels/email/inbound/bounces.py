"""What a report of a mail server says of our mail (RFC 3464, RFC 6533), and what follows from it: one table, read down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from enum import Enum

import msgspec

from heliograph.channels.email.answers import plain

MOST_PARTS = 100  # of a mail that are looked at
MOST_RECIPIENTS = 50  # of a report that are read

_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)


class Verdict(Enum):
    """What follows from a report, the gravest first."""

    GONE = "not delivered, and the address is not used again"
    BOUNCED = "not delivered"
    ARRIVED = "delivered"
    NOTED = "nothing yet: it is noted with the delivery"


class Row(msgspec.Struct, frozen=True):
    """One line of the table; `status` is an RFC 3463 code, or empty for any."""

    action: str
    means: Verdict
    status: str = ""


#: The first row that fits counts.
REPORTS: tuple[Row, ...] = (
    Row("failed", Verdict.GONE, "5.1.1"),  # no such mailbox
    Row("failed", Verdict.GONE, "5.1.2"),  # no such domain
    Row("failed", Verdict.GONE, "5.1.3"),  # not an address
    Row("failed", Verdict.GONE, "5.1.6"),  # moved, no forwarding
    Row("failed", Verdict.GONE, "5.1.10"),  # the domain takes no mail (null MX)
    Row("failed", Verdict.BOUNCED),  # full, too large, policy, given up: it may be otherwise next time
    Row("delayed", Verdict.NOTED),
    Row("delivered", Verdict.ARRIVED),
    Row("relayed", Verdict.NOTED),  # to a server that reports no further
    Row("expanded", Verdict.NOTED),  # to a list
)

_BY_GRAVITY = tuple(Verdict)


class Bounce(msgspec.Struct, frozen=True):
    """What is reported, in the report's own words, on one line and cut."""

    verdict: Verdict
    action: str
    words: str


def read_bounce(message: Message) -> Bounce | None:
    """The gravest of what a report says; None for a mail that is no report."""
    found = [bounce for fields in _recipients(message) if (bounce := _read(fields)) is not None]
    return min(found, key=lambda bounce: _BY_GRAVITY.index(bounce.verdict), default=None)


def verdict(action: str, status: str) -> Verdict | None:
    """By the table; None for an action that is none."""
    fitting = (row.means for row in REPORTS if row.action == action and row.status in ("", status))
    return next(fitting, None)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows, to be read down."""
    return ("action", "status", "what follows"), [(row.action, row.status or "any", row.means.value) for row in REPORTS]


def parts(message: Message) -> Iterator[Message]:
    """The parts of a mail, the first hundred of them."""
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        yield part


def _recipients(message: Message) -> Iterator[Message]:
    """The blocks of fields, of which each but the first speaks of one recipient."""
    for part in parts(message):
        if part.get_content_type() in _REPORTS and isinstance(blocks := part.get_payload(), list):
            for block in blocks[: MOST_RECIPIENTS + 1]:
                if isinstance(block, Message) and block.get("Action") is not None:
                    yield block


def _read(fields: Message) -> Bounce | None:
    action = str(fields.get("Action", "")).strip().lower()
    found = _STATUS.search(str(fields.get("Status", "")))
    status = found[0] if found else ""
    means = verdict(action, status)
    if means is None:
        return None
    diagnostic = str(fields.get("Diagnostic-Code", "")).partition(";")[2]
    return Bounce(means, action, plain(f"{status} {diagnostic}".strip()) or "no reason given")
