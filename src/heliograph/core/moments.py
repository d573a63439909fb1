"""Moments, which are ms since the epoch everywhere: how long an hour is in them, and how one is written."""

from __future__ import annotations

from datetime import UTC, datetime

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def iso_time(ms: int) -> str:
    """ISO 8601 in UTC, with milliseconds and a Z."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
