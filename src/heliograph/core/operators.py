"""Who looks after the gateway in a browser: operators, and their sign-ins to the console."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Someone at the console. `company_id` None: the whole gateway; else nothing but that company."""

    name: str
    session_id: int
    company_id: int | None = None
    associate_id: int | None = None  # None: came by a one-time link of the command line

    @property
    def everywhere(self) -> bool:
        """Whether channels, scripts and the like, which belong to no company, are theirs to see."""
        return self.company_id is None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in of an operator's; only the hash of its text is kept. Times are ms since the epoch."""

    id: int
    hash: bytes  # SHA-256 of what the browser holds
    name: str
    associate_id: int | None  # None: by a one-time link
    company_id: int | None  # of the user; None: by a one-time link
    ticket: bytes  # the hash of the user's ticket, with which the session ends; empty by a link
    opened_at: int
    seen_at: int
    ends_at: int  # whatever happens until then


class Sessions(Protocol):
    """Sign-ins to the console, and the one-time links to them. Raises Unavailable, as the store's ports do."""

    async def open_session(self, session: Session) -> Session:
        """The session with the id it is given here; ids are never given twice."""

    async def session(self, hash: bytes) -> Session | None: ...

    async def saw_session(self, session_id: int, *, at: int) -> None:
        """It was used then."""

    async def close_session(self, session_id: int) -> bool:
        """End it; False when there is none."""

    async def sessions(self) -> list[Session]:
        """In order of id, those that have ended by time included until they are pruned."""

    async def put_link(self, hash: bytes, *, ends_at: int) -> None:
        """Keep a one-time link."""

    async def take_link(self, hash: bytes, *, now: int) -> bool:
        """Use the link up; False when it is not there (any more). Of several who ask at once one is told True."""

    async def prune_sessions(self, *, now: int, idle_since: int) -> int:
        """Forget those that have ended, or were not used since then; how many."""
