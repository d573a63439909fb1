"""How often a value fell below each of a few bounds, and what all values add up to."""

from __future__ import annotations

from bisect import bisect_left

#: Seconds. From what a disk needs to what a caller waits for.
ACCEPTING = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
#: Seconds. From a local server's answer to the longest time a channel gives a provider.
TRYING = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: Seconds. From at once to days of retries.
DELIVERING = (0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 43200.0, 259200.0)


class Histogram:
    """Counts since the process's start. Adding costs a fraction of a microsecond."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[tuple[str, float]]:
        """Each bound, and how many values were at or below it; the last bound is +Inf."""
        rising, reached = [], 0
        for bound, count in zip([*map(str, self.bounds), "+Inf"], self.counts, strict=True):
            reached += count
            rising.append((bound, float(reached)))
        return rising


class Histograms(dict[str, Histogram]):
    """By channel, each made when it is first asked for."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        super().__init__()
        self._bounds = bounds

    def __missing__(self, channel: str) -> Histogram:
        """A channel that nothing was counted of yet."""
        return self.setdefault(channel, Histogram(self._bounds))
