"""How many tries a second a channel may make, and how it comes to that speed, when its provider or contract says."""

from __future__ import annotations

from heliograph.core.ports import Clock, Shape

FLOOR = 0.01  # the share of its rate that a channel has after a rest, where it must speed up slowly
NEAR_MS, QUARTER_MS = 120_000, 900_000  # two minutes before and after :00, :15, :30 and :45


class Rate:
    """A bucket that fills steadily and holds one second's worth, at least one.

    Where the shape has a ramp, the bucket fills faster from second to second while all that it gives is taken, and
    falls back as fast while it is not: one message after another goes at once, a flood begins as a trickle.
    """

    def __init__(self, clock: Clock, shape: Shape) -> None:
        self._clock = clock
        self._shape = shape
        self._share = FLOOR if shape.ramp else 1.0
        self._wanted = False  # whether all that was allowed was taken
        self._allowed = 0
        self._at = clock.monotonic()
        self._left = max(self._limit(), 1.0)

    def allows(self, wanted: int) -> int:
        """How many of so many may be tried now."""
        if not self._shape.per_second:
            return wanted
        now = self._clock.monotonic()
        passed, self._at = now - self._at, now
        self._speed_up(passed)
        limit = self._limit()
        self._left = min(max(limit, 1.0), self._left + passed * limit)
        self._allowed = min(wanted, int(self._left + 1e-9))  # a tenth of a second, ten times, is a little less than one
        if self._allowed <= 0 < wanted:
            self._wanted = True
        return self._allowed

    def took(self, count: int) -> None:
        """So many are being tried."""
        if self._shape.per_second:
            self._left -= count
            self._wanted = self._wanted or count >= self._allowed

    def wait(self) -> float:
        """Seconds until one more may be tried."""
        return max((1.0 - self._left) / self._limit(), 0.0) if self._shape.per_second else 0.0

    def _limit(self) -> float:
        """Tries a second, as of now."""
        near = (self._clock.now() + NEAR_MS) % QUARTER_MS <= 2 * NEAR_MS
        return self._shape.per_second * self._share * (self._shape.near_quarter_hours if near else 1.0)

    def _speed_up(self, passed: float) -> None:
        if not self._shape.ramp:
            return
        rising = min(passed, 1.0) if self._wanted else 0.0  # what was wanted a while ago says nothing of the time since
        resting = passed - rising
        self._share = min(self._share + rising / self._shape.ramp, 1.0)
        self._share = max(self._share - resting / self._shape.ramp, FLOOR)
        self._wanted = False


def shape_of(wish: Shape, setting: float) -> Shape:
    """The channel's own shape within the operator's limit; 0 is none."""
    if not setting:
        return wish
    per_second = min(setting, wish.per_second) if wish.per_second else setting
    return Shape(per_second=per_second, ramp=wish.ramp, near_quarter_hours=wish.near_quarter_hours)
