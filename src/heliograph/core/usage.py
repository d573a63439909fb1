"""What a company has used of its quotas, counted in windows of the calendar (UTC) that end by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from heliograph.core.moments import DAY_MS, HOUR_MS


class Span(StrEnum):
    """How long a window of a quota is."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


Window = Callable[[int], tuple[int, int]]
"""From a moment to the start and the end of the window around it, in ms since the epoch."""


def _even(length: int) -> Window:
    return lambda now: (now - now % length, now - now % length + length)


def _month(now: int) -> tuple[int, int]:
    day = datetime.fromtimestamp(now / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
    return int(day.timestamp()) * 1000, int(following.timestamp()) * 1000


WINDOWS: dict[Span, Window] = {Span.HOUR: _even(HOUR_MS), Span.DAY: _even(DAY_MS), Span.MONTH: _month}


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """So many units of one thing, in one window of time."""

    company_id: int
    scope: str  # what is counted: see intake/quotas.py
    starts_at: int  # ms since the epoch
    ends_at: int  # ms since the epoch
    units: int


class Usage(Protocol):
    """What has been used (`Acceptance.usage` adds to it). Raises Unavailable, as the store's ports do."""

    async def used(self, wanted: Sequence[Used]) -> list[int]:
        """The units of each of these, whose own `units` do not count, as of the last commit; same order."""

    async def usage(self, company_id: int, *, now: int) -> list[Used]:
        """All windows of a company's that have not ended, in order of scope and start."""

    async def prune_usage(self, *, before: int, limit: int) -> int:
        """Forget windows that ended before then; how many."""
