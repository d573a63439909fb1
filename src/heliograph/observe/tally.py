"""Calls over the doors, by how they were answered and how long that took."""

from __future__ import annotations

from heliograph.observe.histogram import TRYING, Histogram

DOORS = ("soap", "agents", "push")  # those whose calls are counted


class Tally:
    """Counts since the process's start; a call costs half a microsecond."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, int], int] = {}  # by door and HTTP status
        self.took = {door: Histogram(TRYING) for door in DOORS}

    def add(self, door: str, status: int, seconds: float) -> None:
        """One call was answered."""
        key = (door, status)
        self.answers[key] = self.answers.get(key, 0) + 1
        self.took[door].add(seconds)
