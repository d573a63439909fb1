"""Passwords as argon2id hashes, computed off the event loop in a small pool of their own."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from heliograph.core.errors import Unavailable

MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1  # the second of the OWASP password storage recommendations for argon2id
WORKERS = 2  # a burst of sign-ins may take this many cores and no more
WAITING = 256  # hashes that may wait for a worker; at 25 ms each the last waits about three seconds
T = TypeVar("T")
_SALT, _HASH = 16, 32  # bytes


class Argon2Passwords:
    """Port `Passwords`. Raises Unavailable when too many already wait: guessing must not exhaust memory."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, workers: int = WORKERS) -> None:
        self._hasher = PasswordHasher(
            time_cost=passes,
            memory_cost=memory_kib,
            parallelism=LANES,
            hash_len=_HASH,
            salt_len=_SALT,
            type=Type.ID,
        )
        self._decoy = _decoy(memory_kib, passes)
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="passwords")
        self._places = workers + WAITING

    async def hash(self, password: str) -> str:
        """The encoded argon2id hash with a salt of its own."""
        return await self._off_loop(self._hash, password)

    async def verify(self, password: str, hashed: str) -> bool:
        """Whether the password is the one. An empty or unreadable hash takes as long as any other, and is False."""
        return await self._off_loop(self._verify, password, hashed)

    def outdated(self, hashed: str) -> bool:
        """Whether a hash was made with other costs than today's, so that the next sign-in should renew it."""
        try:
            return self._hasher.check_needs_rehash(hashed)
        except InvalidHashError:
            return True

    def close(self) -> None:
        """Let the threads go once they have finished what they do."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _off_loop(self, work: Callable[..., T], *arguments: str) -> T:
        if not self._places:
            raise Unavailable("Too many sign-ins are waiting; try again shortly.", retry_after=2.0)
        self._places -= 1
        running = asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        running.add_done_callback(self._free_place)
        return await asyncio.shield(running)  # a caller who leaves does not free the place: the thread still works

    def _free_place(self, _: asyncio.Future[T]) -> None:
        self._places += 1

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_encoded(password))

    def _verify(self, password: str, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed or self._decoy, _encoded(password)) and bool(hashed)
        except InvalidHashError:
            self._verify(password, "")  # what is kept cannot be read: spend the time all the same
            return False
        except VerificationError:
            return False


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _decoy(memory_kib: int, passes: int) -> str:
    """A hash with the same costs that no known password has, for users who have none."""
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (_SALT, _HASH))
    return f"$argon2id$v=19$m={memory_kib},t={passes},p={LANES}${salt}${digest}"
