"""How many tries a second a channel may make, when its provider or contract sets a limit."""

from __future__ import annotations

from heliograph.core.ports import Clock


class Rate:
    """A bucket that fills steadily and holds one second's worth, at least one. A limit of 0 is none."""

    def __init__(self, clock: Clock, per_second: float) -> None:
        self._clock = clock
        self._per_second = per_second
        self._most = max(per_second, 1.0)
        self._left = self._most
        self._at = clock.monotonic()

    def allows(self, wanted: int) -> int:
        """How many of so many may be tried now."""
        if not self._per_second:
            return wanted
        now = self._clock.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = now
        return min(wanted, int(self._left + 1e-9))  # a tenth of a second, ten times, is a little less than one

    def took(self, count: int) -> None:
        """So many are being tried."""
        if self._per_second:
            self._left -= count

    def wait(self) -> float:
        """Seconds until one more may be tried."""
        return max((1.0 - self._left) / self._per_second, 0.0) if self._per_second else 0.0
