"""What a command_status in the answer to a submit means for the delivery: one table (SMPP 3.4, section 5.1.3)."""

from __future__ import annotations

from enum import Enum

import msgspec

from heliograph.core.outcome import Deferred, Outcome, Refused

IN_A_ROW = 20  # so many refusals that speak of our own settings, one after the other, pause the channel


class Meaning(Enum):
    """What follows from a status."""

    AGAIN = "try again"
    SLOWER = "slow the whole channel, try again"
    SET_UP = "our set-up is wrong: pause the channel"
    NEVER = "refused"
    OURS = "refused; twenty in a row pause the channel"


class Row(msgspec.Struct, frozen=True):
    """One line of the table."""

    first: int
    means: Meaning
    say: str
    last: int = 0  # 0: the first alone
    wait: float | None = None  # seconds

    def fits(self, status: int) -> bool:
        """Whether it speaks of this status."""
        return self.first <= status <= (self.last or self.first)


#: The first row that fits counts; any other status: try again.
ANSWERS: tuple[Row, ...] = (
    Row(0x58, Meaning.SLOWER, "throttled"),
    Row(0x14, Meaning.SLOWER, "its queue is full"),
    Row(0x08, Meaning.AGAIN, "a system error", wait=30),
    Row(0x45, Meaning.AGAIN, "the submission failed"),
    Row(0x64, Meaning.AGAIN, "a temporary error"),
    Row(0xFF, Meaning.AGAIN, "an unknown error"),
    Row(0x04, Meaning.AGAIN, "not bound for that"),
    Row(0x05, Meaning.AGAIN, "already bound"),
    Row(0x0D, Meaning.SET_UP, "the bind is refused"),
    Row(0x0E, Meaning.SET_UP, "the password is wrong"),
    Row(0x0F, Meaning.SET_UP, "the system id is wrong"),
    Row(0x0B, Meaning.NEVER, "no such number"),
    Row(0x0A, Meaning.OURS, "From is not allowed"),
    Row(0x01, Meaning.OURS, "a wrong length", last=0x03),
    Row(0x15, Meaning.OURS, "a wrong service type"),
    Row(0x43, Meaning.OURS, "a wrong esm_class"),
    Row(0x48, Meaning.OURS, "a wrong type or plan of From", last=0x49),
    Row(0x50, Meaning.OURS, "a wrong type or plan of To", last=0x51),
    Row(0x61, Meaning.OURS, "a wrong schedule", last=0x62),
    Row(0xC0, Meaning.OURS, "a wrong optional parameter", last=0xC4),
    Row(0x104, Meaning.OURS, "a wrong data_coding"),
    Row(0x65, Meaning.NEVER, "a permanent error"),
    Row(0x66, Meaning.NEVER, "it rejects the message"),
    Row(0x400, Meaning.AGAIN, "an error of its own", last=0x4FF),
)
OTHER = Row(0, Meaning.AGAIN, "an error we do not know")


def row_for(status: int) -> Row:
    """The row that counts for a status."""
    return next((row for row in ANSWERS if row.fits(status)), OTHER)


class Reader:
    """Turns statuses into outcomes, and remembers how often in a row the other side found fault with our settings."""

    def __init__(self) -> None:
        self._status = 0
        self._times = 0

    def taken(self) -> None:
        """A message was accepted: our settings are well."""
        self._times = 0

    def outcome(self, status: int, part: str = "") -> Outcome:
        """What a status other than 0 means. `part` says which of several parts it answers."""
        row = row_for(status)
        said = f"the message centre answered 0x{status:X}{part}: {row.say}"
        match row.means:
            case Meaning.AGAIN:
                return Deferred(said, retry_after=row.wait)
            case Meaning.SLOWER:
                return Deferred(said, retry_after=row.wait, lane=True)
            case Meaning.SET_UP:
                return Deferred(said, pause=said)
            case Meaning.NEVER:
                return Refused(said)
            case Meaning.OURS:
                return self._ours(status, said)

    def _ours(self, status: int, said: str) -> Outcome:
        self._times = self._times + 1 if status == self._status else 1
        self._status = status
        if self._times >= IN_A_ROW:
            self._times = 0  # the next one is a probe
            return Deferred(said, pause=f"{said}; {IN_A_ROW} times in a row")
        return Refused(said)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows, to be read down."""
    rows = [
        (f"0x{row.first:X}" + (f"-0x{row.last:X}" if row.last else ""), row.say, row.means.value) for row in ANSWERS
    ]
    return ("command_status", "said", "what follows"), [*rows, ("any other", OTHER.say, OTHER.means.value)]
