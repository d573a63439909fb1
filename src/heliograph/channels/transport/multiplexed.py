"""HTTP/2 to one host: connects to vetted addresses only, keeps its connections, and looks the name up again in time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from heliograph.channels.addresses import Address
from heliograph.channels.targets import Target
from heliograph.channels.transport.h2.connection import Connection
from heliograph.channels.transport.h2.headers import Head
from heliograph.channels.transport.h2.pool import Pool
from heliograph.channels.transport.vetting import CONNECT_SHARE, TRIED, Vetting
from heliograph.core.ports import AddressRefused, CertificateRefused, ConnectFailed, Reply, Unreachable


class OnlyHttp1(Exception):
    """The server does not speak HTTP/2; nothing of the request has left."""


class Host:
    """All connections to one host and port with one TLS context."""

    def __init__(
        self, target: Target, vetting: Vetting, context: ssl.SSLContext, max_reply: int, vetted_for: float
    ) -> None:
        self._target = target
        self._name = str(target.host)
        self._vetting = vetting
        self._context = context
        self._max_reply = max_reply
        self._pool = Pool(self._open)
        self._vetted_for = vetted_for
        self._vetted_until = float("inf")  # nothing is connected yet, and connecting vets
        self.closed = False

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self._pool.idle

    def request(self, head: Head, body: bytes, now: float, deadline: float) -> Awaitable[Reply]:
        """One request. Raises OnlyHttp1, ConnectFailed, AddressRefused or ReplyLost."""
        if now >= self._vetted_until:
            return self._vetted(head, body, now, deadline)
        return self._pool.request(head, body, now, deadline)

    def leave(self) -> None:
        """Take no new request over the present connections."""
        self._pool.retire()

    def close(self) -> None:
        """Let all connections go."""
        self.closed = True
        self._pool.close()

    async def _vetted(self, head: Head, body: bytes, now: float, deadline: float) -> Reply:
        await self._vet_again(now, deadline)
        return await self._pool.request(head, body, now, deadline)

    async def _vet_again(self, now: float, deadline: float) -> None:
        """Leave the host when its name may no longer be reached: raises AddressRefused then.

        That the name has other addresses now is no reason to leave: large services give a few of theirs in turn.
        """
        self._vetted_until = now + self._vetted_for
        try:
            await self._vetting.addresses(self._target.host, self._target.port, deadline - now)
        except ConnectFailed:
            return  # the resolver is away; the connections we have were vetted when they were made
        except AddressRefused:
            self._vetted_until = 0.0
            self._pool.retire()
            raise

    async def _open(self, freed: Callable[[], None], limit: float) -> Connection:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit
        failed: ConnectFailed = Unreachable("the name has no address")
        for address in (await self._vetting.addresses(self._target.host, self._target.port, limit))[:TRIED]:
            left = deadline - loop.time()
            if left <= 0:
                break
            try:
                connection = await self._connect(address, freed, left)
            except ConnectFailed as failure:
                failed = failure
                continue
            self._vetted_until = loop.time() + self._vetted_for
            return connection
        raise failed

    async def _connect(self, address: Address, freed: Callable[[], None], limit: float) -> Connection:
        loop = asyncio.get_running_loop()
        connection = Connection(self._max_reply, freed)
        try:
            async with asyncio.timeout(limit * CONNECT_SHARE):
                await loop.create_connection(
                    lambda: connection, str(address), self._target.port, ssl=self._context, server_hostname=self._name
                )
                if not connection.understood:
                    raise OnlyHttp1
                await connection.begun()
        except TimeoutError:
            connection.close()
            raise Unreachable("could not connect in time") from None
        except asyncio.CancelledError:
            connection.close()
            raise
        except ssl.SSLCertVerificationError as error:
            raise CertificateRefused(f"the server's certificate does not hold: {error.verify_message}") from None
        except (OSError, ssl.SSLError) as error:
            raise Unreachable(f"could not connect: {_said(error)}") from None
        return connection


def _said(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or type(error).__name__})"
    return error.strerror or type(error).__name__
