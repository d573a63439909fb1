"""The headers that prove who sent a webhook and when (Standard Webhooks, version 1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes of a secret


def key(secret: str) -> bytes:
    """The bytes of a `whsec_` secret. Raises ValueError, never repeating it."""
    try:
        found = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not secret.startswith(PREFIX) or not _SHORTEST <= len(found) <= _LONGEST:
        raise ValueError(f"a secret is {PREFIX} and {_SHORTEST} to {_LONGEST} bytes in base64")
    return found


def signed(body: bytes, *, id: str, seconds: int, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers for this body, with one signature per key. `seconds` is since the epoch."""
    content = f"{id}.{seconds}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
