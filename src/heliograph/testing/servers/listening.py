"""What the fakes have in common as servers: a port on loopback, an `async with`, and conversations that end with it."""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

_PARTED = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)  # they left, or the test has ended


class Listening(ABC):
    """An `async with` starts and stops it; `start` and `stop` do so one by one."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 is any free one, and `port` says which once it has started."""
        self.host, self.port = host, port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @abstractmethod
    async def _listen(self) -> asyncio.Server:
        """Open `port`."""

    async def start(self) -> None:
        """Listen; again at the same port after `stop`. Raises OSError."""
        self._server = await self._listen()
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and end every conversation that has a task."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """End it with the server."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        await self.stop()


class Conversing(Listening):
    """One whose protocol is read from a stream, each connection in a task of its own."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(host, port)
        self.tls = tls
        self.connections = 0  # so far

    @abstractmethod
    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; it is closed behind you, and the other side may leave at any time."""

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, self.host, self.port, ssl=self.tls)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.keep(task)
        self.connections += 1
        with suppress(*_PARTED):
            await self._converse(reader, writer)
        writer.close()
        with suppress(*_PARTED):
            await writer.wait_closed()
