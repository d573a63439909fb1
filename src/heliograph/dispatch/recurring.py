"""A task that looks again and again: the store's absence is told once and waited for, and no failure ends it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

import msgspec
import structlog

from heliograph.core.errors import Unavailable
from heliograph.core.ports import Clock

log = structlog.get_logger(__name__)


class Told(msgspec.Struct, frozen=True):
    """What the log is told: a sentence, and the action it is found by."""

    sentence: str
    action: str


class Recurring(ABC):
    """Looks at once when started, and then every so many seconds until stopped."""

    name: str  # of the task
    waits: Told  # the store is unavailable
    failed: Told  # a bug
    resumed: Told | None = None  # all is well again

    def __init__(self, clock: Clock, *, every: float, in_trouble: float) -> None:
        """Seconds from the end of one look to the next: after one that went well, and after one that did not."""
        self._clock = clock
        self._every = every
        self._in_trouble = in_trouble
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def look(self) -> object:
        """Do what is to be done now. Raises Unavailable."""

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Look no more; what is left stays for the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        well = True
        while True:
            try:
                await self.look()
                if not well and self.resumed is not None:
                    log.info(self.resumed.sentence, action=self.resumed.action)
                well = True
            except Unavailable as trouble:
                if well:
                    log.warning(self.waits.sentence, action=self.waits.action, reason=trouble.detail)
                well = False
            except Exception:
                log.exception(self.failed.sentence, action=self.failed.action)
                well = False
            await self._clock.sleep(self._every if well else self._in_trouble)
