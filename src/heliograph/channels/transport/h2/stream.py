"""One request and its answer on an HTTP/2 connection."""

from __future__ import annotations

import asyncio

from heliograph.core.ports import Reply


class Unprocessed(Exception):
    """The far side says that it has not looked at the request, or it never left: to send it again is no repetition."""


class Stream:
    """From the moment its headers are written to its last byte. `future` gets the Reply, Unprocessed or ReplyLost."""

    __slots__ = ("deadline", "future", "head", "headers", "id", "parts", "rest", "size", "started", "status", "window")

    def __init__(self, id: int, deadline: float, future: asyncio.Future[Reply], window: int, *, head: bool) -> None:
        self.id = id
        self.deadline = deadline  # seconds on the loop's clock
        self.future = future
        self.window = window  # bytes that the far side takes now
        self.head = head  # whether the answer has no body whatever its headers say
        self.rest = b""  # what of the request's body has not been sent
        self.started = 0.0  # seconds on the loop's clock
        self.status = 0
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self.size = 0

    def finish(self) -> None:
        """The answer is whole."""
        if not self.future.done():
            body = b"".join(self.parts) if self.parts else b""
            self.future.set_result(Reply(status=self.status, headers=dict(self.headers), body=body))

    def fail(self, failure: Exception) -> None:
        """There will be no answer."""
        if not self.future.done():
            self.future.set_exception(failure)

    @property
    def whole(self) -> bool:
        """Whether the body is as long as its header says, where it says so (RFC 9113, 8.1.1)."""
        length = self.headers.get("content-length")
        return length is None or self.head or self.status in (204, 304) or length == str(self.size)
