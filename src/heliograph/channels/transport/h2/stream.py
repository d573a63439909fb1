"""One request and its answer on an HTTP/2 connection."""

from __future__ import annotations

import asyncio

import msgspec

from heliograph.channels.transport.h2.headers import Head, Run
from heliograph.core.ports import Reply


class Unprocessed(Exception):
    """The far side says that it has not looked at the request, or it never left: to send it again is no repetition."""


class Stream(msgspec.Struct, eq=False):
    """From the moment its headers are written to its last byte."""

    id: int
    deadline: float  # seconds on the loop's clock
    future: asyncio.Future[Reply]  # gets the Reply, Unprocessed or ReplyLost
    window: int  # bytes that the far side takes now
    asked: Head  # the request, without its body
    rest: bytes = b""  # what of the request's body has not been sent
    started: float = 0.0  # seconds on the loop's clock
    status: int = 0
    headers: dict[str, str] = {}
    parts: list[bytes] = []
    size: int = 0

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
        return length is None or length == str(self.size) or self.status in (204, 304) or self._bodiless

    @property
    def _bodiless(self) -> bool:
        """Whether the answer has no body whatever its headers say."""
        first = self.asked[0]
        return (first.fields[0] if isinstance(first, Run) else first) == (b":method", b"HEAD")
