"""What a push service's status means for a delivery: one table (RFC 8030, RFC 8292, and the services' own pages)."""

from __future__ import annotations

from enum import Enum


class Meaning(Enum):
    """What follows from a status."""

    TAKEN = "the push service has it"
    DEAD = "the subscription is dead, unless the browser registered meanwhile: it is not used again"
    NEVER = "refused"
    MOVED = "refused: redirects are never followed, the new place has not been vetted"
    OURS = "the channel pauses, and no attempt is counted: the service does not accept our key or its signature"
    OTHER_KEY = (
        "the subscription is dead if this service has taken others within the hour (it was made with another key); "
        "else the channel pauses"
    )
    BUSY = "tried again, not before the service's own wish; no attempt is counted"
    LATER = "tried again, not before the service's own wish"
    UNKNOWN = "tried again, five times at most"


#: Status to meaning; all others: unknown.
ANSWERS: dict[int, Meaning] = {
    200: Meaning.TAKEN,
    201: Meaning.TAKEN,
    202: Meaning.TAKEN,
    301: Meaning.MOVED,
    302: Meaning.MOVED,
    307: Meaning.MOVED,
    308: Meaning.MOVED,
    400: Meaning.NEVER,
    401: Meaning.OURS,
    403: Meaning.OTHER_KEY,
    404: Meaning.DEAD,
    410: Meaning.DEAD,
    413: Meaning.NEVER,
    429: Meaning.BUSY,
    500: Meaning.LATER,
    502: Meaning.LATER,
    503: Meaning.LATER,
}


def meaning(status: int) -> Meaning:
    """The meaning of a status by the table."""
    return ANSWERS.get(status, Meaning.UNKNOWN)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows."""
    rows = [(str(status), means.value) for status, means in ANSWERS.items()]
    return ("status", "what follows"), [*rows, ("any other", Meaning.UNKNOWN.value)]
