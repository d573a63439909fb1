"""The address under which clients reach this gateway, for links and WSDLs, and whether it is this machine's alone."""

from __future__ import annotations

import re
from ipaddress import ip_address

from heliograph.edge.http.messages import Scope

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


def loopback(host: str) -> bool:
    """Whether only this machine can reach a listener on that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
