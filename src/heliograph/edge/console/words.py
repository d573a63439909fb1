"""How the console says things: states, times, amounts."""

from __future__ import annotations

from datetime import UTC, datetime

from heliograph.core.delivery import Delivery
from heliograph.core.lifecycle import State
from heliograph.edge.markup import Html, tag

GOOD, BAD, UNDER_WAY, ASIDE = "good", "bad", "busy", "aside"

#: State: how it is coloured, and what it means in words.
STATES: dict[State, tuple[str, str]] = {
    State.QUEUED: (UNDER_WAY, "waits for its turn"),
    State.HELD: (ASIDE, "set aside until it is released"),
    State.LEASED: (UNDER_WAY, "being tried right now"),
    State.SENT: (GOOD, "the provider took it; no receipt has come"),
    State.DELIVERED: (GOOD, "delivered"),
    State.REPLIED: (GOOD, "the recipient answered"),
    State.UNDELIVERED: (BAD, "taken by the provider, then not delivered"),
    State.FAILED: (BAD, "given up: a dead letter"),
    State.EXPIRED: (BAD, "its time to live ran out"),
    State.CANCELLED: (ASIDE, "withdrawn by an operator"),
}

#: What came of a try, and how that is coloured.
OUTCOMES = {"accepted": GOOD, "deferred": UNDER_WAY, "refused": BAD, "gone": BAD}

_STEPS = ((60, "s"), (60, "min"), (24, "h"), (10**9, "days"))


def state_pill(state: State, many: int | None = None) -> Html:
    """A state by its name, in its colour, with its meaning at hand."""
    colour, meaning = STATES[state]
    return pill(state.value if many is None else f"{many:,} {state.value}", colour, meaning)


def pill(text: str, colour: str, meaning: str = "") -> Html:
    """A word in a colour; the word says it all, the colour helps."""
    return tag("span", text, class_=f"pill {colour}", title=meaning or None)


def span(seconds: float) -> str:
    """A length of time in its largest unit: 3 min."""
    amount = abs(seconds)
    for size, unit in _STEPS:
        if amount < size or unit == "days":
            whole = int(amount)
            return f"{whole} {'day' if unit == 'days' and whole == 1 else unit}"
        amount /= size
    return ""


def when(ms: int, now: int) -> Html:
    """A moment as people speak of it, the exact one in UTC at hand."""
    if not ms:
        return tag("span", "-", class_="dim")
    exact = datetime.fromtimestamp(ms / 1000, UTC)
    apart = (now - ms) / 1000
    past = f"{span(apart)} ago" if apart > 0 else f"in {span(apart)}"
    told = "just now" if abs(apart) < 1 else past
    stamp = exact.isoformat(timespec="seconds").replace("+00:00", "Z")
    return tag("time", told, datetime=stamp, title=exact.strftime("%Y-%m-%d %H:%M:%S UTC"))


def clock_time(ms: int) -> str:
    """A moment to the millisecond, for lists of tries."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def address(delivery: Delivery) -> str:
    """The address; a device's token cut short: whoever has the whole of it can push to the device."""
    return delivery.address if delivery.device_id is None else f"{delivery.address[:8]}…"


def count(many: int, one: str, more: str = "") -> str:
    """1 delivery, 2 deliveries."""
    return f"{many:,} {one if many == 1 else more or one + 's'}"
