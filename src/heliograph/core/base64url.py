"""Base64 for addresses and tokens, without padding (RFC 4648, section 5)."""

from __future__ import annotations

import base64


def encode(data: bytes) -> str:
    """As text; four characters for three bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Raises ValueError for what is not base64. Some bytes have more than one spelling here; `encode` has one."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
