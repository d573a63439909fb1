"""The answer to a call that must act once, kept so that a repetition of the call gets it and sends nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """One caller's idempotency key, what was asked under it, and what was answered."""

    company_id: int
    caller: str  # `Caller.identity`: two callers may use the same key and never meet
    key: str
    fingerprint: str  # of the request: another one under the same key is refused
    answer: bytes  # as the door wrote it, in a form of the door's own
    created_at: int  # ms since the epoch
    expires_at: int  # ms since the epoch: from then on the key is as good as new


#: Result and notes of a call to what is to be kept of it: made when its message ids are known, before it is accepted.
Replaying = Callable[[Any, dict[str, str]], Replay]


class Replays(Protocol):
    """What is kept, written with what the calls sent (`Acceptance.replay`). Raises Unavailable, as the store's ports do."""

    async def find(self, company_id: int, caller: str, key: str, *, now: int) -> Replay | None:
        """What is kept under this caller's key, unless it has expired."""

    async def revise(self, replay: Replay) -> None:
        """The answer is now this one; nothing when none is kept under the key."""

    async def prune_replays(self, *, now: int, limit: int) -> int:
        """Remove what has expired; how many, at most `limit`."""
