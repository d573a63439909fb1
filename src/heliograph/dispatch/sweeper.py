"""Tidies the store: lapsed leases back to the queue, expired deliveries to rest, old things removed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from heliograph.config.settings import RetentionSettings
from heliograph.core.errors import Unavailable
from heliograph.core.ports import Clock, Directory, InboxStore, Outbox

BITE = 500  # rows in one transaction, so that nobody waits long for the writer
PAUSE = 0.02  # seconds between bites
DAY_MS = 86_400_000

log = structlog.get_logger(__name__)


class Sweeper:
    """Sweeps once at the start and then at the interval; a store that is unavailable is told once and waited for."""

    def __init__(
        self, outbox: Outbox, inbox: InboxStore, directory: Directory, clock: Clock, settings: RetentionSettings
    ) -> None:
        self._outbox = outbox
        self._inbox = inbox
        self._directory = directory
        self._clock = clock
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sweep."""
        self._task = asyncio.create_task(self._run(), name="sweeper")

    async def stop(self) -> None:
        """Sweep no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def sweep(self) -> int:
        """One sweep of everything; how many rows were moved or removed. Raises Unavailable."""
        now = self._clock.now()
        messages_before = now - int(self._settings.messages_days * DAY_MS)
        items_before = now - int(self._settings.inbox_days * DAY_MS)
        swept = await self._bites(lambda: self._outbox.sweep(now=now, limit=BITE))
        swept += await self._bites(lambda: self._outbox.prune(before=messages_before, limit=BITE))
        swept += await self._bites(lambda: self._inbox.prune_items(before=items_before, limit=BITE))
        return swept + await self._directory.prune_tickets(now=now)

    async def _bites(self, bite: Callable[[], Awaitable[int]]) -> int:
        total = 0
        while count := await bite():
            total += count
            if count < BITE:
                break
            await self._clock.sleep(PAUSE)
        return total

    async def _run(self) -> None:
        in_trouble = False
        while True:
            try:
                swept = await self.sweep()
                if in_trouble:
                    log.info("Sweeping goes on.", action="sweep_resumed")
                in_trouble = False
                log.debug("Swept.", action="swept", count=swept)
            except Unavailable as trouble:
                if not in_trouble:
                    log.warning("The store cannot be swept now.", action="sweep_waits", reason=trouble.detail)
                in_trouble = True
            except Exception:
                log.exception("The sweeper failed; it goes on.", action="sweep_bug")
            await self._clock.sleep(self._settings.interval)
