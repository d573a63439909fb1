"""What a command_status in the answer to a submit means for the delivery: one table (SMPP 3.4, section 5.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from heliograph.core.outcome import Deferred, Outcome, Refused

IN_A_ROW = 20  # so many refusals that speak of our own settings, one after the other, pause the channel
FEW = 3  # tries of a message that the other side could not take, it does not say why
UNMAPPED = 5  # tries of a message that is answered with what no table explains


class Meaning(StrEnum):
    """What follows from a status. The words are those of the setting `statuses`."""

    AGAIN = "again"
    REBIND = "rebind"
    SLOWER = "slower"
    SET_UP = "set-up"
    NEVER = "never"
    NUMBER = "number"
    OURS = "ours"


_WORDS = {
    Meaning.AGAIN: "try again",
    Meaning.REBIND: "bind anew, try again",
    Meaning.SLOWER: "slow the whole channel, try again; the try is not counted",
    Meaning.SET_UP: "our set-up is wrong: pause the channel",
    Meaning.NEVER: "refused",
    Meaning.NUMBER: "refused; the second time the number is not used again",
    Meaning.OURS: f"refused; {IN_A_ROW} in a row pause the channel",
}


class Row(msgspec.Struct, frozen=True):
    """One line of the table."""

    first: int
    means: Meaning
    say: str
    last: int = 0  # 0: the first alone
    wait: float | None = None  # seconds
    most: int = 0  # tries in all, then the message is refused; 0: as many as the channel makes

    def fits(self, status: int) -> bool:
        """Whether it speaks of this status."""
        return self.first <= status <= (self.last or self.first)


#: The first row that fits counts.
ANSWERS: tuple[Row, ...] = (
    Row(0x58, Meaning.SLOWER, "throttled"),
    Row(0x14, Meaning.SLOWER, "its queue is full"),
    Row(0x08, Meaning.AGAIN, "a system error", wait=30),
    Row(0x45, Meaning.AGAIN, "the submission failed", most=FEW),
    Row(0x64, Meaning.AGAIN, "a temporary error", most=FEW),
    Row(0xFF, Meaning.AGAIN, "an unknown error", most=FEW),
    Row(0x04, Meaning.REBIND, "not bound for that"),
    Row(0x05, Meaning.REBIND, "already bound"),
    Row(0x0D, Meaning.SET_UP, "the bind is refused"),
    Row(0x0E, Meaning.SET_UP, "the password is wrong"),
    Row(0x0F, Meaning.SET_UP, "the system id is wrong"),
    Row(0x0B, Meaning.NUMBER, "no such number"),
    Row(0x0A, Meaning.OURS, "From is not allowed"),
    Row(0x01, Meaning.OURS, "a wrong length", last=0x03),
    Row(0x15, Meaning.OURS, "a wrong service type"),
    Row(0x43, Meaning.OURS, "a wrong esm_class"),
    Row(0x48, Meaning.OURS, "a wrong type or plan of From", last=0x49),
    Row(0x50, Meaning.OURS, "a wrong type or plan of To", last=0x51),
    Row(0x61, Meaning.AGAIN, "a wrong schedule, though we ask for none", wait=300, most=FEW),
    Row(0x62, Meaning.OURS, "a wrong expiry"),
    Row(0xC0, Meaning.OURS, "a wrong optional parameter", last=0xC4),
    Row(0x104, Meaning.OURS, "a wrong data_coding"),
    Row(0x65, Meaning.NEVER, "a permanent error"),
    Row(0x66, Meaning.NEVER, "it rejects the message"),
    Row(0x400, Meaning.AGAIN, "an error of its own", last=0x4FF, most=UNMAPPED),
)
OTHER = Row(0, Meaning.AGAIN, "an error that is in no table", most=UNMAPPED)


def row_for(status: int, own: Mapping[int, Meaning] | None = None) -> Row:
    """The row that counts for a status; `own` is what this message centre means by some."""
    row = next((row for row in ANSWERS if row.fits(status)), OTHER)
    means = (own or {}).get(status)
    if means is None:
        return row
    return Row(status, means, row.say, wait=row.wait if means is Meaning.AGAIN else None)


class Reader:
    """Turns statuses into outcomes, and remembers how often in a row the other side found fault with our settings."""

    def __init__(self, own: Mapping[int, Meaning] | None = None) -> None:
        self._own = own or {}
        self._status = 0
        self._times = 0

    def taken(self) -> None:
        """A message was accepted: our settings are well."""
        self._times = 0

    def row(self, status: int) -> Row:
        """The row that counts for a status here."""
        return row_for(status, self._own)

    def outcome(self, status: int, part: str = "", *, attempt: int = 1) -> Outcome:
        """What a status other than 0 means. `part` says which of several parts it answers; tries count from 1."""
        row = self.row(status)
        said = f"the message centre answered 0x{status:X}{part}: {row.say}"
        if row.means is Meaning.OURS:
            return self._ours(status, said)
        self._times = 0
        match row.means:
            case Meaning.AGAIN if row.most and attempt >= row.most:
                return Refused(f"{said}, and {attempt} tries are enough")
            case Meaning.SLOWER:
                return Deferred(said, retry_after=row.wait, lane=True, charged=False)
            case Meaning.SET_UP:
                return Deferred(said, pause=said)
            case Meaning.NEVER | Meaning.NUMBER:
                return Refused(said)
            case _:
                return Deferred(said, retry_after=row.wait)

    def _ours(self, status: int, said: str) -> Outcome:
        self._times = self._times + 1 if status == self._status else 1
        self._status = status
        if self._times >= IN_A_ROW:
            self._times = 0  # the next one is a probe
            return Deferred(said, pause=f"{said}; {IN_A_ROW} times in a row")
        return Refused(said)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows, to be read down."""
    rows = [(f"0x{row.first:X}" + (f"-0x{row.last:X}" if row.last else ""), row.say, _follows(row)) for row in ANSWERS]
    return ("command_status", "said", "what follows"), [*rows, ("any other", OTHER.say, _follows(OTHER))]


def _follows(row: Row) -> str:
    after = f" after {row.wait:g} seconds" if row.wait else ""
    return f"{_WORDS[row.means]}{after}" + (f", {row.most} tries at most" if row.most else "")
