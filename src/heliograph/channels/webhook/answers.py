"""What an endpoint's status means for the delivery: one table (Standard Webhooks, operational guidance)."""

from __future__ import annotations

from enum import Enum

from heliograph.channels.waits import retry_after
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome
from heliograph.core.ports import Reply

SLOW = 5.0  # seconds for which an endpoint of several is left alone when it asks to be, and does not say how long


class Meaning(Enum):
    """What follows from a status."""

    TAKEN = "the endpoint has it"
    AGAIN = "try again by the schedule"
    SLOWER = "try again, not before the endpoint's own wish; one endpoint for all slows the whole channel"
    CLOSED = "the endpoint wants no more"


#: First and last status of a range, and what it means. The first row that holds the status counts; all others: again.
ANSWERS: tuple[tuple[int, int, Meaning], ...] = (
    (200, 299, Meaning.TAKEN),
    (300, 399, Meaning.AGAIN),  # never followed: the new place has not been vetted, and may not be the owner's
    (410, 410, Meaning.CLOSED),
    (429, 429, Meaning.SLOWER),
    (502, 504, Meaning.SLOWER),
    (400, 499, Meaning.AGAIN),  # most are an endpoint that is being changed, and mend within the schedule
    (500, 599, Meaning.AGAIN),
)


def meaning(status: int) -> Meaning:
    """The meaning of a status by the table."""
    for first, last, found in ANSWERS:
        if first <= status <= last:
            return found
    return Meaning.AGAIN


def outcome(reply: Reply, *, now: int, shared: bool) -> Outcome:
    """What a reply means. `shared`: one endpoint for all messages, so that it speaks for the whole channel.

    The body is not repeated: what an address inside a network answers must not become readable from outside.
    """
    said = f"the endpoint answered {reply.status}"
    match meaning(reply.status):
        case Meaning.TAKEN:
            return Accepted(detail=said)
        case Meaning.AGAIN:
            return Deferred(said)
        case Meaning.SLOWER:
            wish = retry_after(reply.headers.get("retry-after", ""), now=now)
            return Deferred(said, retry_after=SLOW if wish is None and not shared else wish, lane=shared)
        case Meaning.CLOSED if shared:
            return Deferred(said, pause="the configured endpoint answered 410 Gone: it wants no more webhooks")
        case Meaning.CLOSED:
            return Gone(said)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows."""
    rows = [(str(first) if first == last else f"{first}-{last}", means.value) for first, last, means in ANSWERS]
    return ("status", "what follows"), [*rows, ("any other", Meaning.AGAIN.value)]
