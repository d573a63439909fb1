"""Answers to calls that must act once, over a dict."""

from __future__ import annotations

from heliograph.core.errors import Conflict
from heliograph.core.replay import Replay
from heliograph.store.memory.tables import Tables


class MemoryReplays:
    """Port `Replays`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def find(self, company_id: int, caller: str, key: str, *, now: int) -> Replay | None:
        """What is kept, unless it has expired."""
        kept = self._tables.open().replays.get((company_id, caller, key))
        return kept if kept is not None and kept.expires_at > now else None

    async def revise(self, replay: Replay) -> None:
        """Another answer for the same key."""
        replays = self._tables.open().replays
        if _place(replay) in replays:
            replays[_place(replay)] = replay

    async def prune_replays(self, *, now: int, limit: int) -> int:
        """Remove what has expired, the oldest first; how many."""
        replays = self._tables.open().replays
        ended = sorted((r.expires_at, _place(r)) for r in replays.values() if r.expires_at <= now)[: max(limit, 0)]
        for _, place in ended:
            del replays[place]
        return len(ended)


def keep(replay: Replay, tables: Tables) -> None:
    """Part of an acceptance. Raises Conflict when the key is taken and has not expired."""
    kept = tables.replays.get(_place(replay))
    if kept is not None and kept.expires_at > replay.created_at:
        raise Conflict("This idempotency key is taken.")
    tables.replays[_place(replay)] = replay


def _place(replay: Replay) -> tuple[int, str, str]:
    return replay.company_id, replay.caller, replay.key
