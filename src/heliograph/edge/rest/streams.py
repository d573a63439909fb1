"""Live streams, as events or messages, that stay alive, end with the server, and end when the reader's ticket does."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

import structlog

from heliograph.core.errors import HeliographError

T = TypeVar("T")

HEARTBEAT = 15.0  # seconds of silence after which a comment keeps proxies from hanging up
_BUFFER = 64  # events ready for one reader; beyond that its source waits
_HELLO = b"retry: 3000\n\n"
_COMMENT = b": still here\n\n"

log = structlog.get_logger(__name__)


class _Stream:
    """What waits for one reader: encoded events, and whether a heartbeat is due or the end has come."""

    __slots__ = ("_alarm", "_arrival", "_heartbeat", "_loop", "_pieces", "_room", "_taken", "due", "over")

    def __init__(self, heartbeat: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._heartbeat = heartbeat
        self._pieces: deque[bytes] = deque()
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._taken = self._loop.time()  # when the reader last took something
        self._alarm = self._loop.call_later(heartbeat, self._rang)
        self.due = False  # nothing was said for a heartbeat
        self.over = False

    async def put(self, piece: bytes) -> None:
        """Keep it for the reader; waits while there are too many."""
        while len(self._pieces) >= _BUFFER and not self.over:
            self._room = self._loop.create_future()
            await self._room
        if not self.over:
            self._pieces.append(piece)
            _wake(self._arrival)

    async def take(self) -> bytes | None:
        """The next piece; None when a heartbeat is due, or all is over."""
        while not (self._pieces or self.due or self.over):
            self._arrival = self._loop.create_future()
            await self._arrival
        self._taken = self._loop.time()
        self.due = False
        _wake(self._room)
        return self._pieces.popleft() if self._pieces else None

    def end(self) -> None:
        """Drop what waits and end; the reader resumes by the last id it saw."""
        self.over = True
        self._pieces.clear()
        self._alarm.cancel()
        _wake(self._arrival)
        _wake(self._room)

    def _rang(self) -> None:
        """One alarm a heartbeat, however many pieces went out meanwhile."""
        left = self._taken + self._heartbeat - self._loop.time()
        if left <= 0:
            self.due = True
            left = self._heartbeat
            _wake(self._arrival)
        self._alarm = self._loop.call_later(left, self._rang)


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


def once(encode: Callable[[T], bytes]) -> Callable[[T], bytes]:
    """Encodes what many readers are sent one after the other a single time."""
    last: list[tuple[T, bytes]] = []

    def encoded(item: T) -> bytes:
        if not last or last[0][0] is not item:
            last[:] = [(item, encode(item))]
        return last[0][1]

    return encoded


class Streams:
    """All open streams of this server."""

    def __init__(self, *, heartbeat: float = HEARTBEAT) -> None:
        self._heartbeat = heartbeat
        self._open: set[_Stream] = set()
        self.stopped = False  # the server is going

    def __len__(self) -> int:
        return len(self._open)

    def stop(self) -> None:
        """End every stream now, and any that is opened later."""
        self.stopped = True
        for stream in self._open:
            stream.end()

    async def open(
        self,
        items: AsyncIterator[T],
        encode: Callable[[T], bytes],
        still_welcome: Callable[[], Awaitable[None]],
        *,
        hello: bytes = _HELLO,
        comment: bytes = _COMMENT,
    ) -> AsyncIterator[bytes]:
        """The pieces of one stream. `still_welcome` is asked once per heartbeat; a HeliographError of it ends the stream.

        `hello` comes first, `comment` after each silent heartbeat; both are by default those of server-sent events.
        """
        stream = _Stream(self._heartbeat)
        pump = asyncio.create_task(_pump(items, encode, stream))
        self._open.add(stream)
        if self.stopped:
            stream.end()
        try:
            yield hello
            async for piece in self._pieces(stream, still_welcome, comment):
                yield piece
        finally:
            self._open.discard(stream)
            stream.end()
            pump.cancel()

    async def _pieces(
        self, stream: _Stream, still_welcome: Callable[[], Awaitable[None]], comment: bytes
    ) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        checked = loop.time()
        while True:
            piece = await stream.take()
            if stream.over:
                return
            if loop.time() - checked >= self._heartbeat:
                checked = loop.time()
                try:
                    await still_welcome()
                except HeliographError:
                    return
            yield comment if piece is None else piece


async def _pump(items: AsyncIterator[T], encode: Callable[[T], bytes], stream: _Stream) -> None:
    try:
        async with aclosing(items):  # type: ignore[type-var]
            async for item in items:
                await stream.put(encode(item))
    except HeliographError as error:
        log.warning("a stream ended early", reason=error.detail)
    except Exception:
        log.exception("a stream failed")
    stream.end()
