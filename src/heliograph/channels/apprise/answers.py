"""What became of a notification, as far as the library lets it be known, and what that means: one table."""

from __future__ import annotations

from enum import Enum

from heliograph.channels.apprise.wire import Cause, Told
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused


class Meaning(Enum):
    """What follows."""

    AGAIN = "try again by the schedule"
    MEND = "try again by the schedule: the target's URL, or what it leads to, has to be mended"
    NEVER = "refused"
    DOUBT = "try again by the schedule if `resend_in_doubt`; in doubt when something had left"


#: Cause, first and last code, and what follows. The first row that holds both counts.
ANSWERS: tuple[tuple[Cause, int, int, Meaning], ...] = (
    (Cause.STATUS, 300, 399, Meaning.MEND),  # redirects are not followed
    (Cause.STATUS, 401, 404, Meaning.MEND),  # who we are, or where to
    (Cause.STATUS, 405, 405, Meaning.MEND),
    (Cause.STATUS, 407, 407, Meaning.MEND),
    (Cause.STATUS, 408, 408, Meaning.AGAIN),
    (Cause.STATUS, 410, 410, Meaning.MEND),
    (Cause.STATUS, 421, 421, Meaning.AGAIN),
    (Cause.STATUS, 425, 425, Meaning.AGAIN),
    (Cause.STATUS, 429, 429, Meaning.AGAIN),
    (Cause.STATUS, 400, 499, Meaning.NEVER),  # the service has looked at this message and does not take it
    (Cause.STATUS, 100, 599, Meaning.AGAIN),
    (Cause.REPLY, 530, 539, Meaning.MEND),  # sign-in
    (Cause.REPLY, 500, 599, Meaning.NEVER),
    (Cause.REPLY, 200, 499, Meaning.AGAIN),
    (Cause.UNREADABLE, 0, 0, Meaning.MEND),
    (Cause.CERTIFICATE, 0, 0, Meaning.MEND),
    (Cause.UNREACHED, 0, 0, Meaning.AGAIN),
    (Cause.SILENT, 0, 0, Meaning.DOUBT),
    (Cause.CUT, 0, 0, Meaning.DOUBT),
    (Cause.NONE, 0, 0, Meaning.DOUBT),
)

_SAID: dict[Cause, str] = {
    Cause.STATUS: "the service answered {}",
    Cause.REPLY: "the mail server answered {}",
    Cause.UNREACHED: "no connection to the service",
    Cause.CERTIFICATE: "the certificate of the service is not valid",
    Cause.SILENT: "the service did not answer in time",
    Cause.CUT: "the connection ended before the answer",
    Cause.UNREADABLE: "apprise does not understand the URL of the target",
    Cause.NONE: "apprise gave no reason",
}


def meaning(cause: Cause, code: int) -> Meaning:
    """What follows, by the table."""
    for found, first, last, means in ANSWERS:
        if found is cause and first <= code <= last:
            return means
    return Meaning.DOUBT


def outcome(told: Told, service: str) -> Outcome:
    """What dispatch hears. The words of the library and of the service are not repeated: they may hold secrets."""
    if told.taken:
        return Accepted(detail=f"{service} took it")
    said = _SAID[told.cause].format(told.code)
    if told.cause is Cause.NONE and not told.tried:
        return Refused("apprise cannot send this message to the target: it tried no connection and gave no reason")
    means = meaning(told.cause, told.code)
    if told.pieces:
        said = f"{said}, after {told.pieces} of the parts had been taken"
    if means is Meaning.NEVER:
        return Refused(said)
    if means is Meaning.MEND:
        said = f"{said}: look at the target's URL"
    lost = means is Meaning.DOUBT and told.left
    return Deferred(said, in_doubt=lost or told.pieces > 0)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows."""
    rows: list[tuple[str, ...]] = []
    for cause, first, last, means in ANSWERS:
        codes = "" if not last else str(first) if first == last else f"{first} to {last}"
        rows.append((_SAID[cause].format(codes), means.value))
    untried = (f"{_SAID[Cause.NONE]}, and no connection was tried", Meaning.NEVER.value)
    return ("what is known", "what follows"), [*rows, untried]
