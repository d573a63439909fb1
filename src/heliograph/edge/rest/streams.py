"""Live streams, as events or messages, that stay alive, end with the server, and end when the reader's ticket does."""

from __future__ import annotations

import asyncio
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
    """One reader's queue of encoded events; None is the end."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(_BUFFER)

    def end(self) -> None:
        """Drop what waits and end; the reader resumes by the last id it saw."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


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
        stream = _Stream()
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
            pump.cancel()

    async def _pieces(
        self, stream: _Stream, still_welcome: Callable[[], Awaitable[None]], comment: bytes
    ) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        checked = loop.time()
        while True:
            try:
                async with asyncio.timeout(self._heartbeat):
                    piece = await stream.queue.get()
            except TimeoutError:
                piece = comment
            if piece is None:
                return
            if loop.time() - checked >= self._heartbeat:
                checked = loop.time()
                try:
                    await still_welcome()
                except HeliographError:
                    return
            yield piece


async def _pump(items: AsyncIterator[T], encode: Callable[[T], bytes], stream: _Stream) -> None:
    try:
        async with aclosing(items):  # type: ignore[type-var]
            async for item in items:
                await stream.queue.put(encode(item))
    except HeliographError as error:
        log.warning("a stream ended early", reason=error.detail)
    except Exception:
        log.exception("a stream failed")
    stream.end()
