"""Tidies the store: lapsed leases back to the queue, expired deliveries to rest, old things removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from heliograph.config.settings import RetentionSettings
from heliograph.core.moments import DAY_MS
from heliograph.core.ports import Clock, Directory, InboxStore, Notes, Outbox, Replays
from heliograph.core.usage import Usage
from heliograph.dispatch.recurring import Recurring, Told

BITE = 500  # rows in one transaction, so that nobody waits long for the writer
PAUSE = 0.02  # seconds between bites
LEASES_EVERY = 5.0  # seconds, at most: after a crash the deliveries it interrupted should not wait for the next sweep

log = structlog.get_logger(__name__)


class Sweeper(Recurring):
    """Settles at the start and every few seconds, removes at the interval; a store that is unavailable is told once and waited for."""

    name = "sweeper"
    waits = Told("The store cannot be swept now.", "sweep_waits")
    failed = Told("The sweeper failed; it goes on.", "sweep_bug")
    resumed = Told("Sweeping goes on.", "sweep_resumed")

    def __init__(
        self,
        outbox: Outbox,
        inbox: InboxStore,
        replays: Replays,
        directory: Directory,
        clock: Clock,
        settings: RetentionSettings,
        usage: Usage | None = None,
        notes: Notes | None = None,
    ) -> None:
        every = min(LEASES_EVERY, settings.interval)
        super().__init__(clock, every=every, in_trouble=every)
        self._notes = notes
        self._usage = usage
        self._outbox = outbox
        self._inbox = inbox
        self._replays = replays
        self._directory = directory
        self._settings = settings
        self._aged_out_at = float("-inf")  # monotonic seconds

    async def adopt(self) -> int:
        """Put back what a process that is gone held under lease; how many. For the only dispatcher, before it starts.

        Raises Unavailable.
        """
        now = self._clock.now()
        adopted = await self._bites(lambda: self._outbox.sweep(now=now, limit=BITE, orphaned=True))
        if adopted:
            log.info("Deliveries that a stopped process held are tried again.", action="leases_adopted", count=adopted)
        return adopted

    async def look(self) -> None:
        """Settle; at the interval, remove what is too old as well. Raises Unavailable."""
        await self.settle()
        if self._clock.monotonic() - self._aged_out_at >= self._settings.interval:
            removed = await self.age_out()
            self._aged_out_at = self._clock.monotonic()
            log.debug("Old things were removed.", action="swept", count=removed)

    async def sweep(self) -> int:
        """One sweep of everything; how many rows were moved or removed. Raises Unavailable."""
        return await self.settle() + await self.age_out()

    async def settle(self) -> int:
        """Put lapsed leases back and expire what is due to expire; how many. Raises Unavailable."""
        now = self._clock.now()
        return await self._bites(lambda: self._outbox.sweep(now=now, limit=BITE))

    async def age_out(self) -> int:
        """Remove finished messages, inbox items, idempotency keys, notes and tickets that are too old; how many. Raises Unavailable."""
        now = self._clock.now()
        messages_before = now - int(self._settings.messages_days * DAY_MS)
        items_before = now - int(self._settings.inbox_days * DAY_MS)
        removed = await self._bites(lambda: self._outbox.prune(before=messages_before, limit=BITE))
        removed += await self._bites(lambda: self._inbox.prune_items(before=items_before, limit=BITE))
        unseen_since = now - int(self._settings.devices_days * DAY_MS)
        removed += await self._bites(lambda: self._directory.prune_devices(before=unseen_since, limit=BITE))
        removed += await self._bites(lambda: self._replays.prune_replays(now=now, limit=BITE))
        if (usage := self._usage) is not None:
            removed += await self._bites(lambda: usage.prune_usage(before=now - DAY_MS, limit=BITE))
        if (notes := self._notes) is not None:
            removed += await self._bites(lambda: notes.prune_notes(now=now, limit=BITE))
        return removed + await self._directory.prune_tickets(now=now)

    async def _bites(self, bite: Callable[[], Awaitable[int]]) -> int:
        total = 0
        while count := await bite():
            total += count
            if count < BITE:
                break
            await self._clock.sleep(PAUSE)
        return total
