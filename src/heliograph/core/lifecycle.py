"""The life of a delivery.

Rule 1: whatever moves a delivery from one state to another is in this file.
Rule 2: this file does not know who is asking: dispatcher, receipt, sweeper
or operator all speak in the same happenings, so none can cheat.

Stores do not compute states: they are handed `MOVES` and apply it inside the
transaction that changes the row, against the state the row has at that moment.
"""

from __future__ import annotations

from enum import StrEnum

from heliograph.core.errors import IllegalMove


class State(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"  # waiting for its due time or for a free place
    HELD = "held"  # set aside until someone or something releases it
    LEASED = "leased"  # a dispatcher is trying it
    SENT = "sent"  # the provider took it
    DELIVERED = "delivered"  # the device or the provider confirmed it
    REPLIED = "replied"  # the recipient answered it
    UNDELIVERED = "undelivered"  # taken by the provider, then bounced
    FAILED = "failed"  # refused, or out of attempts: the dead letter
    EXPIRED = "expired"  # its time to live ran out first
    CANCELLED = "cancelled"  # an operator or caller withdrew it

    __hash__ = str.__hash__  # an Enum's own is a call into Python, and every delivery's state is looked up in sets


class Happening(StrEnum):
    """What can befall a delivery."""

    CLAIMED = "claimed"
    HELD = "held"
    RELEASED = "released"
    LAPSED = "lapsed"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    ARRIVED = "arrived"
    BOUNCED = "bounced"
    NOTED = "noted"  # a later word that is not the last: it is delayed, or was passed on
    ANSWERED = "answered"


S, H = State, Happening

#: A delivery is born queued, held, or failed (the item that nobody could ever deliver, kept so that it has an id and a reason).
BIRTHS = frozenset({S.QUEUED, S.HELD, S.FAILED})

MOVES: dict[State, dict[Happening, State]] = {
    S.QUEUED: {
        H.CLAIMED: S.LEASED,
        H.HELD: S.HELD,
        H.EXPIRED: S.EXPIRED,
        H.CANCELLED: S.CANCELLED,
        H.ARRIVED: S.DELIVERED,  # the answer was lost, the receipt was not
        H.BOUNCED: S.UNDELIVERED,
        H.ANSWERED: S.REPLIED,  # whoever answers has it, whatever we believed
    },
    S.HELD: {H.RELEASED: S.QUEUED, H.EXPIRED: S.EXPIRED, H.CANCELLED: S.CANCELLED, H.ANSWERED: S.REPLIED},
    S.LEASED: {
        H.ACCEPTED: S.SENT,
        H.DEFERRED: S.QUEUED,
        H.LAPSED: S.QUEUED,
        H.REFUSED: S.FAILED,
        H.EXHAUSTED: S.FAILED,
        H.EXPIRED: S.EXPIRED,
        H.HELD: S.HELD,
        H.ARRIVED: S.DELIVERED,  # a receipt can overtake the answer
        H.BOUNCED: S.UNDELIVERED,
        H.ANSWERED: S.REPLIED,
    },
    S.SENT: {H.NOTED: S.SENT, H.ARRIVED: S.DELIVERED, H.BOUNCED: S.UNDELIVERED, H.ANSWERED: S.REPLIED},
    S.DELIVERED: {H.ACCEPTED: S.DELIVERED, H.ARRIVED: S.DELIVERED, H.ANSWERED: S.REPLIED},
    S.REPLIED: {H.ACCEPTED: S.REPLIED, H.ARRIVED: S.REPLIED, H.ANSWERED: S.REPLIED},
    S.UNDELIVERED: {H.ACCEPTED: S.UNDELIVERED, H.BOUNCED: S.UNDELIVERED, H.ANSWERED: S.REPLIED},
    S.FAILED: {H.RETRIED: S.QUEUED, H.ANSWERED: S.REPLIED},  # an operator may send a dead letter again
    S.EXPIRED: {H.RETRIED: S.QUEUED, H.ANSWERED: S.REPLIED},
    S.CANCELLED: {},
}

#: States that nothing but an operator's or a recipient's later word leaves; retention may remove deliveries in these.
SETTLED = frozenset({S.SENT, S.DELIVERED, S.REPLIED, S.UNDELIVERED, S.FAILED, S.EXPIRED, S.CANCELLED})

#: What others say of a delivery, which may be long after it was tried.
LATER_WORDS = frozenset({H.NOTED, H.ARRIVED, H.BOUNCED, H.ANSWERED})

#: Settled states from which an operator may send again.
REPEATABLE = frozenset(state for state in SETTLED if H.RETRIED in MOVES[state])

#: Settled states that no try follows: what was kept for one is erased here.
SPENT = SETTLED - REPEATABLE


def advance(state: State, happening: Happening) -> State:
    """The state that follows; raises IllegalMove where the table has no row."""
    try:
        return MOVES[state][happening]
    except KeyError:
        raise IllegalMove(f"a {state} delivery cannot be {happening}") from None


def can(state: State, happening: Happening) -> bool:
    """Whether the table has a row for this."""
    return happening in MOVES[state]


def as_mermaid() -> str:
    """The table as a mermaid state diagram, for docs/architecture.md."""
    lines = [f"    [*] --> {state}" for state in sorted(BIRTHS)]
    lines += [f"    {a} --> {b}: {h}" for a, moves in MOVES.items() for h, b in moves.items()]
    return "\n".join(["stateDiagram-v2", *lines])
