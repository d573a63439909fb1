"""How fast a lane may go: full speed, slowed down by its provider, waiting for it to come back, or paused: our set-up is wrong."""

from __future__ import annotations

from heliograph.core.outcome import Deferred, Outcome
from heliograph.core.ports import Clock
from heliograph.core.retry import RETRY_AFTER_MAX, RETRY_AFTER_MIN

SLOW_FIRST, SLOW_CAP = 1.0, 300.0  # seconds
PAUSE_FIRST, PAUSE_CAP = 5.0, 300.0  # seconds
AWAY_FIRST, AWAY_CAP = 1.0, 30.0  # seconds: who comes back is to be found soon, and a look costs next to nothing
LOST_IN_A_ROW, SILENT_FOR = 10, 5.0  # tries without an answer, and seconds since one had it, that count as an absence


class Pace:
    """Listens to outcomes. After a hold one delivery is tried as a probe; its answer says whether to go on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = 0.0  # monotonic seconds: no claim before then
        self._since = 0.0  # monotonic seconds: when the present hold was ordered
        self._step = 0.0  # seconds: the latest hold; 0 at full speed
        self.reason = ""  # why the channel is paused; empty when it is not
        self.away = ""  # why the provider cannot be reached; empty when it can
        self._answered = clock.monotonic()  # monotonic seconds: when the latest try that was answered began
        self._lost = 0  # tries since then that were not

    @property
    def probing(self) -> bool:
        """Whether one try at a time is enough for now."""
        return self._step > 0

    @property
    def seconds(self) -> float:
        """How long the latest hold was."""
        return self._step

    def wait(self) -> float:
        """Seconds until the next claim may be made; 0 or less is now."""
        return self._until - self._clock.monotonic()

    def heard(self, outcome: Outcome, began: float) -> bool:
        """Take an outcome into account, of a try that began at that monotonic time; whether it orders a new hold."""
        if type(outcome) is Deferred:
            if outcome.pause:
                return self._hold(began, outcome.retry_after, PAUSE_FIRST, PAUSE_CAP, reason=outcome.pause)
            if outcome.unreachable:
                return self._hold(began, None, AWAY_FIRST, AWAY_CAP, away=outcome.detail)
            if outcome.lane:
                return self._hold(began, outcome.retry_after, SLOW_FIRST, SLOW_CAP)
            if outcome.in_doubt:  # nothing was heard, which is no sign that all is well again
                return self._missed(outcome.detail, began)
        self._answered, self._lost = began, 0
        if self._step and began >= self._since:
            self._step, self.reason, self.away = 0.0, "", ""
        return False

    def _missed(self, detail: str, began: float) -> bool:
        """Many that break off at one moment are a lost connection; a silence in which one after the other ends is an absence.

        To go on would spend a message for each try where nothing is sent twice.
        """
        if began >= self._since:
            self._lost += 1
        if self._lost < LOST_IN_A_ROW or self._clock.monotonic() - self._answered < SILENT_FOR:
            return False
        return self._hold(began, None, AWAY_FIRST, AWAY_CAP, away=detail)

    def _hold(
        self, began: float, asked: float | None, first: float, cap: float, *, reason: str = "", away: str = ""
    ) -> bool:
        """Hold for as long as was asked, or twice the last time; another kind of trouble begins anew."""
        if asked is None and began < self._since:
            return False  # one of many that were under way together: they say one thing, not many
        if (bool(reason), bool(away)) != (bool(self.reason), bool(self.away)):
            self._step = 0.0
        if asked is None:
            self._step = min(max(self._step * 2, first), cap)
        else:
            self._step = min(max(asked, RETRY_AFTER_MIN), RETRY_AFTER_MAX)
        self.reason, self.away = reason, away
        self._since = self._clock.monotonic()
        self._until = max(self._until, self._since + self._step)
        return True
