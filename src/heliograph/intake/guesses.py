"""How many wrong passwords are borne: by account and address together, by account, by address.

Each counter is a bucket that a failed sign-in fills by one and that leaks empty over the window. A full one refuses
further tries before any work is done for them. Account and address together are strict, so that somebody elsewhere
cannot lock a user out; the account alone is generous, and only bounds a guess spread over many addresses.

What failed is written down too, so that a restart gives nobody a fresh start. Names and addresses are digests there.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from contextvars import ContextVar

import msgspec

from heliograph.config.settings import SignInSettings
from heliograph.core.errors import TooMany, Unavailable
from heliograph.core.ports import Clock, Note, Notes

#: The network address of the call that is being served; a door sets it, empty where there is none.
PEER: ContextVar[str] = ContextVar("peer", default="")

_MOST_BUCKETS = 100_000  # beyond them the longest unused is forgotten, so that made-up names cost no memory
_SPREAD = 10  # an account bears this many times more failures from everywhere than from one address

_OWNER, _KIND = "sign-in", "failures"

Bucket = tuple[str, int]  # the digest of what is counted, and how much it holds


class Level(msgspec.Struct, frozen=True):
    """How full a bucket was at that time (ms since the epoch), as it is written down."""

    level: float
    at: int


class Guesses:
    """Failed sign-ins. Without `notes` they are remembered in this process alone."""

    def __init__(self, clock: Clock, settings: SignInSettings, notes: Notes | None = None) -> None:
        self._clock = clock
        self._settings = settings
        self._notes = notes
        self._recalled = notes is None
        self._written: set[str] = set()  # buckets that are on disk, as far as this process knows
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # level, and when it was that

    async def recall(self) -> None:
        """Take up what an earlier process has written down; the second time nothing. Raises Unavailable."""
        if self._recalled or self._notes is None:
            return
        found = await self._notes.find(_OWNER, _KIND, limit=_MOST_BUCKETS)
        now, wall = self._clock.monotonic(), self._clock.now()
        for note in found:
            kept = msgspec.json.decode(note.value, type=Level)
            self._levels.setdefault(note.key, (kept.level, now - max(wall - kept.at, 0) / 1000))
            self._written.add(note.key)
        self._recalled = True

    def start(self, company_id: int, user_name: str) -> None:
        """Count a try as failed before it is made, so that tries made at once are all counted. Raises TooMany."""
        buckets = self._buckets(company_id, user_name)
        now = self._clock.monotonic()
        full = [self._wait(key, limit, now) for key, limit in buckets]
        if any(full):
            raise TooMany("Too many failed sign-ins; wait and try again.", retry_after=max(full))
        for key, limit in buckets:
            self._levels[key] = (self._level(key, limit, now) + 1, now)
            self._levels.move_to_end(key)
        while len(self._levels) > _MOST_BUCKETS:
            self._written.discard(self._levels.popitem(last=False)[0])

    async def failed(self, company_id: int, user_name: str) -> None:
        """The try, which `start` has counted, has failed: write it down."""
        if self._notes is None:
            return
        now, wall = self._clock.monotonic(), self._clock.now()
        until = wall + int(self._settings.window * 1000)
        notes = [
            Note(
                owner=_OWNER,
                kind=_KIND,
                key=key,
                value=msgspec.json.encode(Level(self._level(key, limit, now), wall)),
                until=until,
            )
            for key, limit in self._buckets(company_id, user_name)
        ]
        try:
            await self._notes.put(notes, now=wall)
            self._written.update(note.key for note in notes)
        except Unavailable:
            return  # this process has counted it; only a restart would forget

    async def succeeded(self, company_id: int, user_name: str) -> None:
        """The try was none that failed. From this address the account starts afresh."""
        self.forgive(company_id, user_name)
        (key, _), *_ = self._buckets(company_id, user_name)
        if self._notes is None or key not in self._written:
            return
        try:
            await self._notes.forget([Note(owner=_OWNER, kind=_KIND, key=key, until=0)])
            self._written.discard(key)
        except Unavailable:
            return  # it grows old by itself

    def forgive(self, company_id: int, user_name: str) -> None:
        """The same for this process alone."""
        (from_here, _), *wider = self._buckets(company_id, user_name)
        self._levels.pop(from_here, None)
        now = self._clock.monotonic()
        for key, limit in wider:
            if key in self._levels:
                self._levels[key] = (max(self._level(key, limit, now) - 1, 0.0), now)

    def _buckets(self, company_id: int, user_name: str) -> list[Bucket]:
        """The account from this address first, then the account from anywhere, and the address, where it is known."""
        account, peer = f"{company_id} {user_name.casefold()[:200]}", PEER.get()
        limit = self._settings.failures_per_account
        buckets = [(_digest("both", account, peer), limit), (_digest("account", account), limit * _SPREAD)]
        if peer:
            buckets.append((_digest("address", peer), self._settings.failures_per_address))
        return buckets

    def _level(self, key: str, limit: int, now: float) -> float:
        level, then = self._levels.get(key, (0.0, now))
        return max(level - (now - then) * limit / self._settings.window, 0.0)

    def _wait(self, key: str, limit: int, now: float) -> float:
        """Seconds until one more try fits; 0 when it fits now."""
        over = self._level(key, limit, now) + 1 - limit
        return over * self._settings.window / limit if over > 0 else 0.0


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
