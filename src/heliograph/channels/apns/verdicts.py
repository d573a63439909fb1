"""From a reply of Apple's to an outcome: the table, and what the channel has seen before."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from heliograph.channels.apns.answers import DEVICE_BUSY, LATER, Answer, Meaning, find
from heliograph.channels.apns.provider_token import KEEP_FOR, ProviderToken
from heliograph.channels.replies import read_json
from heliograph.channels.waits import retry_after
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.ports import Clock, Reply

MOST_UNMAPPED = 5  # attempts that may end with an answer nobody has documented
MOST_DEAD_IN_A_ROW = 20  # tokens called bad, with none taken between, after which we doubt our set-up instead
_WORD = re.compile(r"[A-Za-z]{1,60}", re.ASCII)
_ID = re.compile(r"[0-9A-Fa-f-]{36}", re.ASCII)


class _Said(msgspec.Struct):
    reason: str = ""


class _Dated(msgspec.Struct):
    timestamp: int = 0


class Verdicts:
    """Remembers whether tokens of this environment are taken at all, so that a mix-up prunes nobody's device."""

    def __init__(self, clock: Clock, token: ProviderToken | None, leave: Callable[[], None]) -> None:
        """`leave` makes the next request open a new connection: Apple keeps what it thinks of one."""
        self._clock = clock
        self._token = token
        self._leave = leave
        self._taken = False
        self._dead_in_a_row = 0

    def outcome(self, reply: Reply, *, proof: str, attempt: int) -> Outcome:
        """What the reply means for the delivery. `proof` is the authorization it was asked with; `attempt` counts from 1."""
        if reply.status == 200:
            self._taken, self._dead_in_a_row = True, 0
            id = reply.headers.get("apns-id", "")
            return Accepted(provider_id=id if _ID.fullmatch(id) else "", detail="Apple answered 200")
        reason = reason_of(reply)
        row = find(reply.status, reason)
        said = f"Apple answered {reply.status} {reason}".rstrip()
        if row is None:
            return Deferred(said) if attempt < MOST_UNMAPPED else Refused(f"{said}, which is not documented")
        if row.meaning is Meaning.DEAD_SINCE:
            return Gone(said, _since(reply))
        if row.reason == "UnrelatedKeyIdInToken":
            self._leave()
        if row.meaning is Meaning.NEW_TOKEN and self._may_help(proof):
            return Deferred(said)
        return self._other(row, said, retry_after(reply.headers.get("retry-after", ""), now=self._clock.now()))

    def _other(self, row: Answer, said: str, wish: float | None) -> Outcome:
        match row.meaning:
            case Meaning.DEAD:
                return Gone(said)
            case Meaning.MIXED_UP:
                return self._bad_token(said)
            case Meaning.NEVER:
                return Refused(said)
            case Meaning.AGAIN:
                return Deferred(said, retry_after=wish)
            case Meaning.BUSY:
                return Deferred(said, retry_after=DEVICE_BUSY if wish is None else wish)
            case Meaning.LATER:
                return Deferred(said, retry_after=LATER if wish is None else wish)
            case Meaning.TOO_MANY_TOKENS:
                return Deferred(said, retry_after=float(KEEP_FOR), pause=f"{said}: {row.mend}")
        return Deferred(said, retry_after=wish, pause=f"{said}: {row.mend}")

    def _may_help(self, proof: str) -> bool:
        """Whether there is a newer signature than the expired one, or can be."""
        if self._token is None or not self._token.is_current(proof):
            return True  # one of many that were under way together, and another has seen to it
        if not self._token.renew():
            return False
        self._leave()
        return True

    def _bad_token(self, said: str) -> Outcome:
        self._dead_in_a_row += 1
        if self._taken and self._dead_in_a_row <= MOST_DEAD_IN_A_ROW:
            return Gone(said)
        return Refused(f"{said}; the token is kept, because it may belong to the other environment")


def reason_of(reply: Reply) -> str:
    """Apple's word for why not; empty where the body says none that could be one."""
    said = read_json(reply.body, _Said)
    return said.reason if said is not None and _WORD.fullmatch(said.reason) else ""


def _since(reply: Reply) -> int | None:
    """When Apple last knew the device, in ms since the epoch."""
    said = read_json(reply.body, _Dated)
    return said.timestamp if said is not None and 0 < said.timestamp < 1 << 53 else None
