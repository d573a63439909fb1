"""Finds out whether the store still takes writes: by writing, but not often, whoever asks how often."""

from __future__ import annotations

import asyncio

import apsw

from heliograph.core.errors import Unavailable
from heliograph.core.ports import Clock
from heliograph.store.queries import SQL
from heliograph.store.writer import Writer

EVERY = 5.0  # seconds for which a found answer is good: a health check is nobody's reason to wear the disk
PATIENCE = 2.0  # seconds in which a write that changes nothing should be on disk


class Pulse:
    """One small durable write at a time, shared by all who ask meanwhile."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._felt: asyncio.Task[str] | None = None
        self._at = 0.0  # monotonic seconds: when the latest write began

    async def trouble(self) -> str:
        """Why the store takes no writes, in words; empty when it does."""
        now = self._clock.monotonic()
        if self._felt is None or (self._felt.done() and now - self._at >= EVERY):
            self._at = now
            self._felt = asyncio.create_task(self._feel(), name="pulse")
        done, _ = await asyncio.wait([self._felt], timeout=PATIENCE)
        if done:
            return self._felt.result()
        return f"The store has not taken a write for {self._clock.monotonic() - self._at:.0f} seconds."

    async def _feel(self) -> str:
        try:
            await self._writer.run(_touch)
        except Unavailable as trouble:
            return trouble.detail
        return ""


def _touch(connection: apsw.Connection) -> None:
    connection.execute(SQL["touch"])
