"""Host names to addresses, as the machine resolves them."""

from __future__ import annotations

import asyncio
import socket

from heliograph.core.ports import Unreachable


class SystemResolver:
    """The machine's resolver (port `Resolver`); the lookup runs in the event loop's thread pool."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """Every A and AAAA address of the host, each once, in the resolver's order. Raises Unreachable."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, ValueError) as error:  # a name may also be one that IDNA cannot encode
            raise Unreachable(f"the host name does not resolve: {error}") from error
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
