"""How fast a message centre may be served: freely, until it throttles; then half as fast, and one a second more each second."""

from __future__ import annotations

import math

from heliograph.core.ports import Clock

LOWEST = 1.0  # submits a second that are always borne
GROWTH = 1.0  # a second more, each second
BUSY = 80  # congestion_state above which nothing but a probe is sent (SMPP 5.0, section 4.8.4.18)
PROBE = 1.0  # seconds from probe to probe


class Flow:
    """Of one message centre, over all its connections. Times are monotonic seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rate = math.inf  # submits a second that were borne when it last throttled
        self._since = 0.0
        self._next = 0.0  # when the next submit may leave
        self._second = 0  # the second that is being counted
        self._taken = self._taken_before = 0  # submits taken in it, and in the one before
        self._congested = False

    @property
    def rate(self) -> float:
        """Submits a second, as of now; infinite while it has not throttled."""
        return self._rate + GROWTH * (self._clock.monotonic() - self._since)

    def place(self, most: float) -> float | None:
        """Seconds until the next submit may leave, and its place is taken; None when it is more than that many."""
        if self._rate == math.inf and not self._congested:
            return 0.0
        now = self._clock.monotonic()
        at = max(self._next, now)
        if at - now > most:
            return None
        self._next = at + (max(PROBE, 1 / self.rate) if self._congested else 1 / self.rate)
        return at - now

    def wait(self) -> float:
        """Seconds until there is a place again."""
        return max(self._next - self._clock.monotonic(), 0.0)

    def taken(self, congestion: int | None) -> None:
        """A submit was taken; `congestion` is 0 to 100 where the message centre tells."""
        self._count()
        self._taken += 1
        congested = congestion is not None and congestion > BUSY
        if congested and not self._congested:
            self._next = self._clock.monotonic() + PROBE
        elif self._congested and not congested:
            self._next = 0.0
        self._congested = congested

    def throttled(self, began: float) -> None:
        """A submit that left at that time was too much. Of several that were under way together, one counts."""
        if self._rate != math.inf and began < self._since:
            return
        self._count()
        now = self._clock.monotonic()
        went = max(self._taken, self._taken_before)
        self._rate = max(min(self.rate, went) / 2, LOWEST)
        self._since = now
        self._next = now + 1 / self._rate

    def _count(self) -> None:
        second = int(self._clock.monotonic())
        if second != self._second:
            self._taken_before = self._taken if second == self._second + 1 else 0
            self._second, self._taken = second, 0
