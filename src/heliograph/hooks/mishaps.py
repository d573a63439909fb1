"""The latest failures of scripts, remembered for whoever looks after them."""

from __future__ import annotations

import re
from collections import deque

from heliograph.core.ports import Clock
from heliograph.core.standing import Mishap
from heliograph.hooks.wire import Failed

_MOST = 50
_LONGEST_TRACE = 8000  # characters
_PLACE = re.compile(r"[^/\\:\s]+\.py:\d+")


class Mishaps:
    """A bounded list; what is old makes room."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest: deque[Mishap] = deque(maxlen=_MOST)

    def note(self, event: str, method: str, failed: Failed) -> None:
        """Remember it."""
        place = _PLACE.search(failed.reason)  # the sentence begins with the file and line, where they are known
        mishap = Mishap(
            at=self._clock.now(),
            script=failed.script,
            event=event,
            method=method,
            reason=failed.reason,
            place=place[0] if place else "",
            trace=failed.trace[-_LONGEST_TRACE:],
        )
        self._latest.appendleft(mishap)

    def latest(self) -> list[Mishap]:
        """Newest first."""
        return list(self._latest)
