"""AfterAsync events over a dict."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from heliograph.core.scripting import DueEvent
from heliograph.store.memory.tables import Tables


class MemoryAgenda:
    """Port `Agenda`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def claim(self, *, now: int, lease_until: int, limit: int) -> list[DueEvent]:
        """Lease what nobody holds."""
        events = self._tables.open().events
        free = sorted((e for e in events.values() if e.lease_until <= now), key=lambda e: (e.lease_until, e.id))
        leased = [replace(e, lease_until=lease_until, attempts=e.attempts + 1) for e in free[: max(limit, 0)]]
        events.update((event.id, event) for event in leased)
        return sorted(leased, key=lambda event: event.id)

    async def renew(self, ids: Sequence[int], *, lease_until: int) -> None:
        """Those that are still there."""
        events = self._tables.open().events
        for id in ids:
            if id in events:
                events[id] = replace(events[id], lease_until=lease_until)

    async def settle(self, *, done: Sequence[int], kept: Sequence[DueEvent]) -> None:
        """All at once."""
        events = self._tables.open().events
        events.update((event.id, event) for event in kept)
        for id in done:
            events.pop(id, None)

    async def release(self) -> int:
        """End every lease; how many there were."""
        events = self._tables.open().events
        held = [event for event in events.values() if event.lease_until]
        events.update((event.id, replace(event, lease_until=0)) for event in held)
        return len(held)
