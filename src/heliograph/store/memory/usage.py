"""What has been used of quotas, over a dict."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from heliograph.core.usage import Used
from heliograph.store.memory.tables import Tables


class MemoryUsage:
    """Port `Usage`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def used(self, wanted: Sequence[Used]) -> list[int]:
        """The units of each."""
        usage = self._tables.open().usage
        return [usage[key(used)].units if key(used) in usage else 0 for used in wanted]

    async def usage(self, company_id: int, *, now: int) -> list[Used]:
        """All windows that have not ended."""
        found = [u for u in self._tables.open().usage.values() if u.company_id == company_id and u.ends_at > now]
        return sorted(found, key=key)

    async def prune_usage(self, *, before: int, limit: int) -> int:
        """Forget windows that have ended; how many."""
        t = self._tables.open()
        ended = sorted((u for u in t.usage.values() if u.ends_at <= before), key=lambda used: used.ends_at)[:limit]
        for used in ended:
            del t.usage[key(used)]
        return len(ended)


Key = tuple[int, str, int, int]


def key(used: Used) -> Key:
    """What may stand once."""
    return (used.company_id, used.scope, used.starts_at, used.ends_at)


def add(t: Tables, used: Used) -> None:
    """So many units more."""
    before = t.usage.get(key(used))
    t.usage[key(used)] = used if before is None else replace(before, units=before.units + used.units)
