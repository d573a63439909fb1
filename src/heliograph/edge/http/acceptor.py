"""Takes connections off the listening socket, and decides by their number whether to keep them.

It does so before TLS begins, so that a handshake that never ends costs its client one of its places, and has an
end. A place is given back when the socket is closed, whoever closes it: protocol, WebSocket or a failed handshake.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

import structlog

from heliograph.edge.http.head import Limits

_AT_ONCE = 100  # connections taken before others get a turn
_BREATH = 1.0  # seconds without accepting when the process can open no more sockets
_SITE = 64  # bits of an IPv6 address that one client has to itself, and all below
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

Network = IPv4Network | IPv6Network
log = structlog.get_logger(__name__)


class Places:
    """How many connections there are, of each address and in all."""

    def __init__(self, limits: Limits, exempt: Sequence[Network] = ()) -> None:
        """`exempt` are proxies, behind whose address many clients stand."""
        self._limits = limits
        self._exempt = exempt
        self._of: dict[str, int] = {}
        self.taken = 0

    def take(self, address: str) -> str | None:
        """The name under which a place was taken; None when there is none."""
        if self.taken >= self._limits.connections:
            return None
        name = self._name(address)
        if name and self._of.get(name, 0) >= self._limits.connections_per_address:
            return None
        self.taken += 1
        if name:
            self._of[name] = self._of.get(name, 0) + 1
        return name

    def leave(self, name: str) -> None:
        """Give it back."""
        self.taken -= 1
        left = self._of.get(name, 0) - 1
        if left > 0:
            self._of[name] = left
        else:
            self._of.pop(name, None)

    def _name(self, address: str) -> str:
        """Of whom connections are counted together; empty for those that are only counted in all."""
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return ""
        if isinstance(found, IPv6Address):
            found = found.ipv4_mapped or found
        if any(found in network for network in self._exempt):
            return ""
        return str(IPv6Network((found, _SITE), strict=False)) if isinstance(found, IPv6Address) else str(found)


class _Placed(socket.socket):
    """A client's socket, which gives its place back when it is closed."""

    leave: Callable[[], None] | None = None
    handed = False  # whether it belongs to the loop, which closes it then

    def close(self) -> None:
        """Close it; the second time nothing happens."""
        super().close()
        self._left()

    def detach(self) -> int:
        """What uvloop does in place of closing, because it closes the descriptor itself."""
        descriptor = super().detach()
        self._left()
        return descriptor

    def _left(self) -> None:
        leave, self.leave = self.leave, None
        if leave is not None:
            leave()


class Acceptor:
    """One listening socket, accepting until it is closed."""

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        *,
        places: Places,
        tls: ssl.SSLContext | None,
        handshake: float,
        backlog: int,
    ) -> None:
        """`handshake` is the seconds that a TLS handshake may take."""
        self._listener = listener
        self._protocol = protocol
        self._places = places
        self._tls = tls
        self._handshake = handshake
        self._loop = asyncio.get_running_loop()
        self._connecting: set[asyncio.Task[None]] = set()
        self._closed = False
        listener.listen(backlog)
        self._resume()

    def close(self) -> None:
        """Take no more; handshakes under way end here."""
        self._closed = True
        self._loop.remove_reader(self._listener.fileno())
        for task in self._connecting:
            task.cancel()

    async def wait_closed(self) -> None:
        """Return when nothing is under way."""
        await asyncio.gather(*self._connecting, return_exceptions=True)

    def _resume(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                descriptor, address = self._listener._accept()  # type: ignore[attr-defined]
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as failure:
                if failure.errno not in _EXHAUSTED:
                    raise
                log.error("No more connections can be taken for a moment.", action="accept_failed", reason=str(failure))
                self._loop.remove_reader(self._listener.fileno())
                self._loop.call_later(_BREATH, self._resume)
                return
            self._place(_Placed(self._listener.family, self._listener.type, fileno=descriptor), address)

    def _place(self, client: _Placed, address: tuple[str, ...]) -> None:
        name = self._places.take(address[0] if address else "")
        if name is None:
            client.close()
            return
        client.leave = lambda: self._places.leave(name)
        client.setblocking(False)
        task = self._loop.create_task(self._connect(client))
        self._connecting.add(task)
        task.add_done_callback(partial(self._connected, client))

    async def _connect(self, client: _Placed) -> None:
        patience = self._handshake if self._tls is not None else None
        client.handed = True
        with suppress(OSError, TimeoutError):  # a handshake that fails, ssl.SSLError included, is the client's matter
            await self._loop.connect_accepted_socket(
                self._protocol, client, ssl=self._tls, ssl_handshake_timeout=patience
            )

    def _connected(self, client: _Placed, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        if not client.handed:
            client.close()
