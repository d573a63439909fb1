"""Hands out ids from blocks taken in the database, so that no two processes ever give the same one."""

from __future__ import annotations

import asyncio

import apsw

from heliograph.core.errors import Unavailable
from heliograph.store.queries import SQL
from heliograph.store.writer import Writer

BLOCK = 1_000  # ids taken at first; what is left of a block when the process ends is never used
BLOCK_MAX = 16_000  # each block is twice the last up to this: a busy process asks rarely, a short one wastes little
LAST_MESSAGE_ID = 2**31 - 1  # a MessagingId is an xs:int (contract section 4)
LAST_DELIVERY_ID = 2**62


class Sequence:
    """One growing number. `name` is its row in the table `sequence`."""

    def __init__(self, writer: Writer, name: str, last: int) -> None:
        self._writer = writer
        self._name = name
        self._last = last
        self._next = 1
        self._end = 1  # the first id that is not ours any more
        self._block = BLOCK
        self._refilling = asyncio.Lock()

    async def take(self, count: int) -> int:
        """The first of that many consecutive ids. Raises Unavailable when they are used up."""
        if self._end - self._next < count:
            async with self._refilling:  # whoever waited here looks again: the other's block may do for both
                if self._end - self._next < count:
                    await self._refill(count)
                return self._cut(count)
        return self._cut(count)

    def _cut(self, count: int) -> int:
        first, self._next = self._next, self._next + count
        return first

    async def _refill(self, count: int) -> None:
        size = max(count, self._block)
        self._block = min(self._block * 2, BLOCK_MAX)
        end, size = await self._writer.run(lambda connection: self._extend(connection, count, size))
        if end - size != self._end:  # another process took ids in between: start at what is ours
            self._next = end - size
        self._end = end

    def _extend(self, connection: apsw.Connection, count: int, size: int) -> tuple[int, int]:
        left = connection.execute(SQL["left"], (self._name, self._last)).get
        if left < count:
            raise used_up(self._name, self._last, left, count)
        size = min(size, left)
        return connection.execute(SQL["reserve"], (self._name, size, self._last)).get, size


def used_up(name: str, last: int, left: int, wanted: int) -> Unavailable:
    """The error of a sequence that has not enough left."""
    return Unavailable(f"The {name} ids up to {last} are used up: {left} are left, {wanted} are needed.")
