"""How many wrong passwords are borne: by account and address together, by account, by address.

Each counter is a bucket that a failed sign-in fills by one and that leaks empty over the window. A full one refuses
further tries before any work is done for them. Account and address together are strict, so that somebody elsewhere
cannot lock a user out; the account alone is generous, and only bounds a guess spread over many addresses.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from contextvars import ContextVar

from heliograph.config.settings import SignInSettings
from heliograph.core.errors import TooMany
from heliograph.core.ports import Clock

#: The network address of the call that is being served; a door sets it, empty where there is none.
PEER: ContextVar[str] = ContextVar("peer", default="")

_MOST_BUCKETS = 100_000  # beyond them the longest unused is forgotten, so that made-up names cost no memory
_SPREAD = 10  # an account bears this many times more failures from everywhere than from one address

Bucket = tuple[Hashable, int]  # what is counted, and how much it holds


class Guesses:
    """Failed sign-ins, remembered in this process."""

    def __init__(self, clock: Clock, settings: SignInSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # level, and when it was that

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
            self._levels.popitem(last=False)

    def succeeded(self, company_id: int, user_name: str) -> None:
        """The try was none that failed. From this address the account starts afresh."""
        buckets = self._buckets(company_id, user_name)
        self._levels.pop(buckets[0][0], None)
        now = self._clock.monotonic()
        for key, limit in buckets[1:]:
            if key in self._levels:
                self._levels[key] = (max(self._level(key, limit, now) - 1, 0.0), now)

    def _buckets(self, company_id: int, user_name: str) -> list[Bucket]:
        account, peer = (company_id, user_name.casefold()[:200]), PEER.get()
        limit = self._settings.failures_per_account
        buckets: list[Bucket] = [((account, peer), limit), (account, limit * _SPREAD)]
        if peer:
            buckets.append((peer, self._settings.failures_per_address))
        return buckets

    def _level(self, key: Hashable, limit: int, now: float) -> float:
        level, then = self._levels.get(key, (0.0, now))
        return max(level - (now - then) * limit / self._settings.window, 0.0)

    def _wait(self, key: Hashable, limit: int, now: float) -> float:
        """Seconds until one more try fits; 0 when it fits now."""
        over = self._level(key, limit, now) + 1 - limit
        return over * self._settings.window / limit if over > 0 else 0.0
