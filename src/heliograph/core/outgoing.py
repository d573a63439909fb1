"""What crosses the port `Transport`: answers, the ways to get none, and who we say we are."""

from __future__ import annotations

import msgspec


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP answer, its body cut at the transport's limit."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


class ConnectFailed(Exception):
    """No byte of the request left: name resolution, connect, TLS."""


class Unreachable(ConnectFailed):
    """Nobody could be reached there: the name has no address, nobody listens, or there is no way."""


class CertificateRefused(ConnectFailed):
    """The server's certificate does not hold: somebody's set-up is wrong, and to try again will not mend it."""


class AddressRefused(Exception):
    """The address is one we must not reach (private network, wrong port or scheme)."""


class ReplyLost(Exception):
    """The request left, and no whole answer came."""


class Identity(msgspec.Struct, frozen=True):
    """Who we are to a server that asks for a client certificate: its chain and its key, in PEM. Secret."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Identity(...)"
