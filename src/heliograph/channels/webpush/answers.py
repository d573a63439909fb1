"""What a push service's status means for a delivery: one table (RFC 8030, RFC 8292, and the services' own pages)."""

from __future__ import annotations

from enum import Enum


class Meaning(Enum):
    """What follows from a status."""

    TAKEN = "the push service has it"
    DEAD = "the subscription is dead, unless the browser registered meanwhile: it is not used again"
    NEVER = "refused"
    OURS = "the channel pauses, and no attempt is counted: the service does not accept our key or its signature"
    OTHER_KEY = (
        "the subscription is dead if this service has taken others within the hour (it was made with another key); "
        "else the channel pauses"
    )
    SLOWER = "tried again, not before the service's own wish"
    AGAIN = "tried again"


#: Status to meaning; all others: again.
ANSWERS: dict[int, Meaning] = {
    200: Meaning.TAKEN,
    201: Meaning.TAKEN,
    202: Meaning.TAKEN,
    301: Meaning.NEVER,  # redirects are never followed: the new place has not been vetted
    302: Meaning.NEVER,
    307: Meaning.NEVER,
    308: Meaning.NEVER,
    400: Meaning.NEVER,
    401: Meaning.OURS,
    403: Meaning.OTHER_KEY,
    404: Meaning.DEAD,
    410: Meaning.DEAD,
    413: Meaning.NEVER,
    429: Meaning.SLOWER,
    500: Meaning.SLOWER,
    502: Meaning.SLOWER,
    503: Meaning.SLOWER,
}


def meaning(status: int) -> Meaning:
    """The meaning of a status by the table."""
    return ANSWERS.get(status, Meaning.AGAIN)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows."""
    rows = [(str(status), means.value) for status, means in ANSWERS.items()]
    return ("status", "what follows"), [*rows, ("any other", Meaning.AGAIN.value)]
