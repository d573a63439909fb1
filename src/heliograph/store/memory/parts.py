"""Parts of messages over a dict."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from heliograph.core.parts import Part, PartState
from heliograph.store.memory.tables import Tables


class MemoryParts:
    """Port `Parts`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._parts: dict[tuple[int, int], Part] = {}  # by delivery and number

    async def put(self, part: Part) -> None:
        """Keep it in the place of the one with its number."""
        self._tables.open()
        self._parts = {k: p for k, p in self._parts.items() if p.delivery_id != part.delivery_id or p.of == part.of}
        self._parts[part.delivery_id, part.number] = part

    async def of(self, delivery_id: int) -> list[Part]:
        """In order of number."""
        return [part for part in self._all() if part.delivery_id == delivery_id]

    async def known(self, channel: str, provider_ids: Sequence[str]) -> list[Part]:
        """By the provider's ids."""
        wanted = set(provider_ids) - {""}
        return [part for part in self._all() if part.channel == channel and part.provider_id in wanted]

    async def doubtful(self, channel: str, address: str) -> list[Part]:
        """Those to that address whose answer was lost."""
        place = channel, address
        return [p for p in self._all() if (p.channel, p.address) == place and p.state is PartState.DOUBT]

    def forget(self, delivery_ids: Collection[int]) -> None:
        """With their message."""
        self._parts = {key: part for key, part in self._parts.items() if part.delivery_id not in delivery_ids}

    def _all(self) -> list[Part]:
        self._tables.open()
        return [self._parts[key] for key in sorted(self._parts)]
