"""Addresses that must not be used any more, and why; an operator may lift each."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """One address on one channel that is not written to again."""

    channel: str
    address: str
    reason: str
    created_at: int  # ms since the epoch


class Suppressions(Protocol):
    """The list of them; `Directory.suppress` adds to it. Raises Unavailable, as the store's ports do."""

    async def suppressions(self, channel: str | None, *, before: int | None, limit: int) -> list[Suppression]:
        """Of one channel or of all, the newest first; with `before`, those made earlier than that."""

    async def lift(self, channel: str, address: str) -> bool:
        """The address may be used again; False when it was not on the list."""
