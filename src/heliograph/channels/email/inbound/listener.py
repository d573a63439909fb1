"""The socket on which mail comes in: so many conversations at once, and an end to each."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from heliograph.channels.email.inbound.session import LONGEST_LINE, Door, Limits, Session

LONGEST = 900.0  # seconds that one conversation may last


class Listener:
    """Listens from `start` until `close`."""

    def __init__(self, *, host: str, port: int, name: str, door: Door, limits: Limits, connections: int) -> None:
        self._host = host
        self._wanted_port = port
        self._name = name
        self._door = door
        self._limits = limits
        self._most = connections
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that is listened on; 0 before `start`."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else 0

    async def start(self) -> None:
        """Raises OSError when the address cannot be had."""
        self._server = await asyncio.start_server(
            self._came, self._host, self._wanted_port, limit=LONGEST_LINE, backlog=self._most
        )

    async def close(self) -> None:
        """Take nobody new, and end the conversations there are: what was not answered comes again."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a conversation is a task of its own")
        self._open.add(task)
        try:
            with suppress(ConnectionError, TimeoutError):
                if len(self._open) > self._most:
                    writer.write(b"421 4.3.2 Too many connections\r\n")
                    return
                session = Session(reader, writer, name=self._name, door=self._door, limits=self._limits)
                async with asyncio.timeout(LONGEST):
                    await session.run()
        except asyncio.CancelledError:
            return  # the gateway stops; asyncio's own callback would report a cancelled conversation as a failure
        finally:
            self._open.discard(task)
            writer.close()
