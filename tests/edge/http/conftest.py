"""A server on a real socket in front of an application that tells what reached it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from heliograph.config.settings import ServerSettings
from heliograph.core.errors import TooLarge
from heliograph.edge.http.messages import Answer, Disconnected, Receive, Scope, Send, read_body, send_answer
from heliograph.edge.serve import Running, serve
from heliograph.testing.waiting import PATIENCE

LIMIT = 100_000  # bytes the application takes
FLOOD = 50_000_000  # bytes of the answer at /flood, more than any socket buffer holds


class Told:
    """An application that answers with the body it got, and remembers every request."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.beside: tuple[tuple[str, str], ...] = ()
        self.release = asyncio.Event()
        self.release.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(receive, LIMIT)
        except Disconnected:
            self.requests.append((scope["method"], scope["path"], b"(gone)"))
            return
        except TooLarge:
            await send_answer(scope, send, Answer(413, "text/plain", b"too large"))
            return
        self.requests.append((scope["method"], scope["path"], body))
        await self.release.wait()
        answer = b"x" * FLOOD if scope["path"] == "/flood" else b"<" + body + b">"
        await send_answer(scope, send, Answer(200, "text/plain", answer, self.beside))


class Wire:
    """A raw connection: what is written is what is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, raw: bytes) -> None:
        self._writer.write(raw)
        await self._writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next whole answer."""
        async with asyncio.timeout(PATIENCE):
            head = await self._reader.readuntil(b"\r\n\r\n")
            status, *lines = head.decode("latin-1").split("\r\n")[:-2]
            headers = dict(line.split(": ", 1) for line in lines)
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return int(status.split(" ")[1]), headers, body

    async def everything(self, within: float = PATIENCE) -> bytes:
        """All that comes until the server closes."""
        async with asyncio.timeout(within):
            try:
                return await self._reader.read()
            except ConnectionResetError:
                return b""

    async def packet(self) -> bytes:
        """What is there at the next look."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read(100_000)

    def stop_reading(self) -> None:
        """Leave in the socket what comes from now on."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def close(self) -> None:
        self._writer.transport.abort()


class Place:
    """A running server, its application, and connections to it."""

    def __init__(self, running: Running, app: Told) -> None:
        self.running = running
        self.app = app
        self._port = int(running.url.rsplit(":", 1)[1])
        self._wires: list[Wire] = []

    async def connect(self) -> Wire:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self._port))
        self._wires.append(wire)
        return wire

    async def say(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        """One raw request on a connection of its own, and its answer."""
        wire = await self.connect()
        await wire.send(raw)
        return await wire.answer()

    def hang_up(self) -> None:
        for wire in self._wires:
            wire.close()


Open = Callable[..., Awaitable[Place]]


@asynccontextmanager
async def a_place(**changes: object) -> AsyncIterator[Place]:
    app = Told()
    settings = ServerSettings(port=0, **changes)  # type: ignore[arg-type]
    running = await serve(app, settings)
    place = Place(running, app)
    try:
        yield place
    finally:
        place.hang_up()
        app.release.set()
        await running.stop(within=1)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    """A server as patient as it is by default."""
    async with a_place() as opened:
        yield opened


@pytest.fixture
async def hasty() -> AsyncIterator[Place]:
    """A server with short patience."""
    async with a_place(header_timeout=0.3, body_timeout=0.6) as opened:
        yield opened


@pytest.fixture
def opened() -> Callable[..., object]:
    """Opens a server with settings of the test's own; an async context manager."""
    return a_place
