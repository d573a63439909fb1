"""What the fakes of push providers have in common: an HTTP/2 server behind them, and the rules of one provider."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from heliograph.testing.servers.http2 import Answer, Http2Server, Request


class Provider:
    """A fake is one of these; it starts and stops with its server."""

    def __init__(self, server: Http2Server) -> None:
        self.server = server

    @property
    def url(self) -> str:
        """Where it listens; also its origin."""
        return self.server.url

    @property
    def requests(self) -> list[Request]:
        """All of them, refused ones included."""
        return self.server.requests

    def script(self, *answers: Answer) -> None:
        """Give these to the next requests that are in order."""
        self.server.script(*answers)

    async def __aenter__(self) -> Self:
        await self.server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        await self.server.stop()
