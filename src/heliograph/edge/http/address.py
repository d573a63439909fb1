"""The address under which clients reach this gateway, whether they came by HTTPS, and what is this machine's alone."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from heliograph.edge.http.messages import Scope
from heliograph.edge.http.proxies import SCHEME_TOLD

_HOST = re.compile(r"(?:[A-Za-z0-9._\-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)


def base_url(scope: Scope, public_url: str = "") -> str:
    """Scheme and host without a slash at the end: `server.public_url`, else what the client itself wrote as Host.

    A Host that is not plainly a host is not repeated; the address of the listening socket stands for it.
    """
    if public_url:
        return public_url.rstrip("/")
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    if not _HOST.fullmatch(host):
        address, port = scope.get("server") or ("localhost", 80)
        host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return f"{scope.get('scheme', 'http')}://{host}"


def by_https(scope: Scope, public_url: str = "") -> bool:
    """Whether the client came by HTTPS, to us or to a proxy in front.

    What a trusted proxy says of it (X-Forwarded-Proto) is the scope's scheme. A proxy that says nothing is known by
    `server.public_url`: who asks for that host has come through it.
    """
    if scope.get("scheme") == "https":
        return True
    if SCHEME_TOLD in scope.get("extensions", {}):
        return False
    public = urlsplit(public_url)
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    return public.scheme == "https" and _spelled(host) == _spelled(public.netloc)


def _spelled(host: str) -> str:
    """The host in one spelling; 443 is what HTTPS means without a port."""
    return host.lower().removesuffix(":443")


def loopback(host: str) -> bool:
    """Whether only this machine can reach a listener on that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
