"""The host that clients asked and how they came, as a trusted proxy in front tells it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from heliograph.edge.http.messages import ASGI, Receive, Scope, Send

EVERYONE = "*"
SCHEME_TOLD = "heliograph.scheme_told"  # among a request's extensions: the scheme is what a trusted proxy said


class ForwardedHost:
    """Puts X-Forwarded-Host in Host's place when the connection comes from a trusted proxy; nobody else is believed.

    Scheme and client address are the server's own part (X-Forwarded-Proto, X-Forwarded-For); that the proxy spoke of the
    scheme is noted.
    """

    def __init__(self, app: ASGI, trusted: Sequence[str]) -> None:
        self._app = app
        self._everyone = EVERYONE in trusted
        self._networks = networks(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._trusts(scope):
            told = [value for name, value in scope["headers"] if name == b"x-forwarded-host"]
            if told:
                # Of several, the last is what the nearest proxy was asked; those before it can be the client's own.
                host = told[-1].split(b",")[-1].strip()
                others = [(name, value) for name, value in scope["headers"] if name != b"host"]
                scope["headers"] = [(b"host", host), *others]
            if any(name == b"x-forwarded-proto" for name, _ in scope["headers"]):
                scope.setdefault("extensions", {})[SCHEME_TOLD] = {}
        await self._app(scope, receive, send)

    def _trusts(self, scope: Scope) -> bool:
        if self._everyone:
            return True
        peer = scope.get("client")
        if peer is None:
            return False
        try:
            address = ip_address(peer[0])
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def networks(trusted: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    """The networks among what is trusted; everyone is all of them."""
    everyone = ["0.0.0.0/0", "::/0"] if EVERYONE in trusted else []
    return [network for text in [*trusted, *everyone] if (network := _network(text)) is not None]


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """None for names, which the server compares with names of sockets."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
