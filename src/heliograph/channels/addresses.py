"""Which internet addresses may be reached: our own table of what is not public, and the one way a host is written.

Source of the networks: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and later
additions), and RFC 4291, 6052, 8215 and 9637. Python's `is_global` is not asked, because its answer
has changed between releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from heliograph.core.ports import AddressRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: What is not public, and what it is instead. Read down; the first row that holds the address names the reason.
NOT_PUBLIC: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by carriers"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112 service"),
    ("192.52.193.0/24", "multicast tunnels"),
    ("192.88.99.0/24", "6to4 relays"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112 service"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("::/96", "IPv4-compatible"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "NAT64, local use"),
    ("100::/64", "discard"),
    ("100:0:0:1::/64", "dummy prefix"),
    ("2001::/32", "Teredo"),
    ("2001:2::/48", "benchmarking"),
    ("2001:10::/28", "ORCHID"),
    ("2001:20::/28", "ORCHIDv2"),
    ("2001::/23", "protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112 service"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)
_ROWS = tuple((ip_network(network), reason) for network, reason in NOT_PUBLIC)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that is assigned for use on the internet, RFC 4291

_QUAD = re.compile(r"(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER_LIKE = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
_LONGEST_NAME = 253


def why_not_public(address: Address) -> str:
    """What the address is instead of public; empty when it is public."""
    for network, reason in _ROWS:
        if address in network:
            return reason
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return "not assigned"
    return ""


def opened(address: Address, allow: Iterable[Network]) -> bool:
    """Whether the operator has opened a network that holds this address, in the address's own family."""
    return any(address in network for network in allow)


def read_host(text: str) -> Address | str:
    """A host as it stands in a URL: a plain address, or a name in lower case without a trailing dot.

    Everything that resolvers and URL parsers read in different ways is refused: octal, hexadecimal
    and short IPv4 forms, zones, letters beyond ASCII. Raises AddressRefused.
    """
    if text.startswith("[") and text.endswith("]"):
        return _v6(text[1:-1])
    if _QUAD.fullmatch(text):
        try:
            return IPv4Address(text)
        except ValueError:
            raise AddressRefused("the host is not an IPv4 address") from None
    if not text.isascii():
        raise AddressRefused("the host has letters beyond ASCII: write it as xn--...")
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("the host is not a name or an address")
    if _NUMBER_LIKE.fullmatch(labels[-1]):
        raise AddressRefused("the host looks like an IPv4 address in another notation")
    return name


def read_resolved(text: str) -> Address:
    """An address as a resolver gives it. Raises AddressRefused for anything else, a zone included."""
    try:
        address = ip_address(text)
    except ValueError:
        raise AddressRefused("the name resolves to something that is not an address") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise AddressRefused("the name resolves to a link-local address")
    return address


def _v6(text: str) -> IPv6Address:
    if "%" in text:
        raise AddressRefused("the host has a zone")
    try:
        return IPv6Address(text)
    except ValueError:
        raise AddressRefused("the host is not an IPv6 address") from None
