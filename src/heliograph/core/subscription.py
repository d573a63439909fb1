"""A browser's push subscription: where its push service is, and the keys that only the browser can open (RFC 8291, 8030).

It travels as one address: the endpoint, `#`, the public key, `.`, the secret; both in base64 for URLs.
"""

from __future__ import annotations

import re
from typing import Protocol, runtime_checkable

import msgspec

from heliograph.core import base64url

PLATFORM = "WebPush"  # what such a device is registered as, beside the platforms of the contract
LONGEST = 2048  # characters of an endpoint

_PUBLIC_KEY, _SECRET = 65, 16  # bytes: an uncompressed point of P-256; RFC 8291, section 3.2
_ENDPOINT = re.compile(r"https://[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?/[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]*", re.ASCII)


@runtime_checkable
class TakesSubscriptions(Protocol):
    """A channel to which browsers subscribe."""

    @property
    def application_server_key(self) -> str:
        """The public key that a browser must name when it subscribes, in base64 for URLs."""


class Subscription(msgspec.Struct, frozen=True):
    """One browser's subscription."""

    endpoint: str
    public_key: bytes  # p256dh
    secret: bytes  # auth

    @property
    def address(self) -> str:
        """As it is kept with a device and sent to a channel."""
        return f"{self.endpoint}#{base64url.encode(self.public_key)}.{base64url.encode(self.secret)}"

    @property
    def origin(self) -> str:
        """Scheme, host and port of the push service: the audience of a VAPID token (RFC 8292, section 2)."""
        return "/".join(self.endpoint.split("/", 3)[:3]).lower()

    def __repr__(self) -> str:
        return f"Subscription({self.origin}/...)"  # whoever knows the rest can send


def read_subscription(endpoint: str, p256dh: str, auth: str) -> Subscription:
    """From a browser's own `PushSubscription.toJSON()`. Raises ValueError with a sentence that repeats none of it."""
    if len(endpoint) > LONGEST or not _ENDPOINT.fullmatch(endpoint):
        raise ValueError(f"the endpoint is no https URL of up to {LONGEST} characters without user name and fragment")
    public_key, secret = _bytes(p256dh), _bytes(auth)
    if len(public_key) != _PUBLIC_KEY or public_key[0] != 4:
        raise ValueError("keys.p256dh is no uncompressed P-256 point of 65 bytes in base64url")
    if len(secret) != _SECRET:
        raise ValueError("keys.auth is not 16 bytes in base64url")
    return Subscription(endpoint, public_key, secret)


def from_address(address: str) -> Subscription:
    """Raises ValueError for what is no such address."""
    endpoint, _, keys = address.partition("#")
    p256dh, _, auth = keys.partition(".")
    return read_subscription(endpoint, p256dh, auth)


def _bytes(text: str) -> bytes:
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64url.decode(plain)
    except ValueError:
        return b""
