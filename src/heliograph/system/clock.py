"""The machine's own clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Real time (port `Clock`)."""

    def now(self) -> int:
        """Wall time in ms since the epoch."""
        return time.time_ns() // 1_000_000

    #: Seconds from an arbitrary start; never goes back. The function itself, as each delivery asks several times.
    monotonic = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        """Come back after that long; a negative wait is none."""
        await asyncio.sleep(max(seconds, 0.0))
