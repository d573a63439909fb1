"""From a reply of FCM's to an outcome: the table, and what the channel has seen before."""

from __future__ import annotations

import re

import msgspec

from heliograph.channels.fcm.answers import FIRST_WAIT, NO_PROJECT, QUOTA_WAIT, Answer, Meaning, find, told
from heliograph.channels.fcm.grant import Grant
from heliograph.channels.replies import read_json
from heliograph.channels.waits import retry_after
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.ports import Clock, Reply

MOST_UNMAPPED = 5  # attempts that may end with an answer nobody has documented
MOST_FAILED = 9  # attempts, about an hour: Google takes what still fails then for no passing trouble ("Scale FCM")
_NAME = re.compile(r"[A-Za-z0-9/:%._-]{1,200}", re.ASCII)


class _Taken(msgspec.Struct):
    name: str = ""


class Verdicts:
    """Counts the answers that are about the project and not about a device."""

    def __init__(self, clock: Clock, grant: Grant) -> None:
        self._clock = clock
        self._grant = grant
        self._no_project = 0  # in a row

    def outcome(self, reply: Reply, *, token: str, attempt: int) -> Outcome:
        """What the reply means for the delivery. `token` is the access token it was asked with."""
        said = told(reply.body)
        row = find(reply.status, said)
        words = f"FCM answered {reply.status} {said.code}".rstrip()
        if reply.status not in (401, 403):
            self._grant.worked()
        if row is None or row.meaning is not Meaning.NO_PROJECT:
            self._no_project = 0
        if row is None:
            return Deferred(words) if attempt < MOST_UNMAPPED else Refused(f"{words}, which is not documented")
        if row.meaning is Meaning.TAKEN:
            return Accepted(provider_id=_name(reply.body), detail=words)
        if row.meaning is Meaning.AGAIN and attempt >= MOST_FAILED:
            return Refused(f"{words}, and still did after {attempt} attempts")
        wish = retry_after(reply.headers.get("retry-after", ""), now=self._clock.now())
        if row.meaning is Meaning.AGAIN:
            return Deferred(words, retry_after=max(first_wait(attempt), wish or 0.0))
        return self._other(row, words, token, wish)

    def _other(self, row: Answer, words: str, token: str, wish: float | None) -> Outcome:
        match row.meaning:
            case Meaning.DEAD:
                return Gone(words)
            case Meaning.NEVER:
                return Refused(words)
            case Meaning.SLOWER:
                return Deferred(words, retry_after=QUOTA_WAIT if wish is None else wish, lane=True, charged=False)
            case Meaning.NEW_TOKEN if self._grant.refused(token):
                return Deferred(words)
            case Meaning.NO_PROJECT:
                self._no_project += 1
                if self._no_project < NO_PROJECT:
                    return Deferred(words, retry_after=FIRST_WAIT)
        return Deferred(words, retry_after=wish, pause=f"{words}: {row.mend}")


def first_wait(attempt: int) -> float:
    """Seconds to wait at least after that attempt: ten, then twice as long each time. The jitter comes on top."""
    return float(FIRST_WAIT * 2 ** min(attempt - 1, 16))


def _name(body: bytes) -> str:
    """The message's name with FCM; empty where the body holds none."""
    taken = read_json(body, _Taken)
    return taken.name if taken is not None and _NAME.fullmatch(taken.name) else ""
