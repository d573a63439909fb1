"""A URL taken apart strictly and put together again, so that everyone after us reads the same one."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

import msgspec

from heliograph.channels.addresses import Address, read_host
from heliograph.core.ports import AddressRefused

LONGEST_URL = 2048  # characters
_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.ASCII,
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]@]*\]|[^:@\[\]]*)(?::(?P<port>\d{0,5}))?", re.ASCII)
_ESCAPED_BY_NOBODY = re.compile(r"[\x00-\x20\x7f\\^`{|}<>\"]|[^\x00-\x7f]")


class Target(msgspec.Struct, frozen=True):
    """Where a request goes. `host` is an address or a lower-case name."""

    scheme: str
    host: Address | str
    port: int
    path: str  # with the query; begins with a slash

    @property
    def url(self) -> str:
        """The URL in its one form: no user, no fragment, no default port."""
        shown = f"[{self.host}]" if isinstance(self.host, IPv6Address) else str(self.host)
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{shown}{port}{self.path}"


def read_target(url: str) -> Target:
    """An http or https URL of up to 2,048 characters. Raises AddressRefused saying what is wrong, never repeating it."""
    if len(url) > LONGEST_URL:
        raise AddressRefused(f"the URL is longer than {LONGEST_URL} characters")
    match = _URL.fullmatch(url)
    if (
        match is None
        or _ESCAPED_BY_NOBODY.search(match["path"] or "")
        or _ESCAPED_BY_NOBODY.search(match["query"] or "")
    ):
        raise AddressRefused("not a URL like https://host/path, with all but plain characters percent-encoded")
    scheme = match["scheme"].lower()
    if scheme not in _PORTS:
        raise AddressRefused("only http and https URLs may be reached")
    if "@" in match["authority"]:
        raise AddressRefused("a URL with a user name or password is not used: they end up in logs")
    authority = _AUTHORITY.fullmatch(match["authority"])
    if authority is None or not authority["host"]:
        raise AddressRefused("the URL names no host")
    port = int(authority["port"]) if authority["port"] else _PORTS[scheme]
    if not 0 < port < 65536:
        raise AddressRefused("the port is not between 1 and 65535")
    return Target(scheme, read_host(authority["host"]), port, (match["path"] or "/") + (match["query"] or ""))
