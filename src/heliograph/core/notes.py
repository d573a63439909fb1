"""What a channel, or another part of the gateway, must remember for a while, over a restart too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to remember, by whose it is, what kind it is of and a key of the owner's own."""

    owner: str  # a channel's name, or the name of the part of the gateway
    kind: str
    key: str
    value: bytes = b""
    until: int  # ms since the epoch: afterwards it may be forgotten at any time


class Notes(Protocol):
    """Notes, kept. Raises Unavailable, as the store's ports do."""

    async def put(self, notes: Sequence[Note], *, now: int) -> None:
        """Keep them in one transaction, each in the place of the one with the same key; on disk when it returns.

        Of the owner's notes of these kinds, some whose time is over are forgotten on the way.
        """

    async def find(self, owner: str, kind: str, prefix: str = "", *, limit: int = 1000) -> list[Note]:
        """Those whose key begins so, in order of key, those included whose time is over."""

    async def prune_notes(self, *, now: int, limit: int) -> int:
        """Remove those whose time is over, whoever's they are; how many, at most `limit`."""

    async def forget(self, notes: Sequence[Note]) -> None:
        """Remove them; those that are not there are passed over."""
