"""Reads: by key at once on the event loop, where they cost less than a thread's wake-up; lists on a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from heliograph.core.errors import Unavailable
from heliograph.store.connection import connect, furnish_reader, translated
from heliograph.store.queries import SQL
from heliograph.store.writer import CLOSED

T = TypeVar("T")


class Reader:
    """Two reading connections. Each statement answers one value."""

    def __init__(self, path: Path) -> None:
        self._quick = _reading(path)
        self._slow = _reading(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-reader")
        self._closed = False

    def value(self, name: str, *arguments: Any) -> Any:
        """The answer of a named statement, now; for what an index finds in microseconds."""
        return self._ask(self._quick, name, arguments)

    def one(self, decode: Callable[[str], T], name: str, *arguments: Any) -> T | None:
        """The noun a named statement finds, now, or None."""
        found = self._ask(self._quick, name, arguments)
        return None if found is None else decode(found)

    async def many(self, decode: Callable[[str], T], name: str, *arguments: Any) -> T:
        """The nouns a named statement lists, read on the reader's thread."""
        if self._closed:
            raise Unavailable(CLOSED)
        loop = asyncio.get_running_loop()
        return decode(await loop.run_in_executor(self._thread, self._ask, self._slow, name, arguments))

    def close(self) -> None:
        """Wait for the list being read, and close the connections."""
        self._closed = True
        self._thread.shutdown()
        self._quick.close()
        self._slow.close()

    @staticmethod
    def _ask(connection: apsw.Connection, name: str, arguments: tuple[Any, ...]) -> Any:
        with translated():
            return connection.execute(SQL[name], arguments).get


def _reading(path: Path) -> apsw.Connection:
    connection = connect(path)
    furnish_reader(connection)
    return connection
