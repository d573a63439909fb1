"""Keys for one purpose each, made from the sealing keys: whoever has one learns nothing of the others."""

from __future__ import annotations

import hmac
from collections.abc import Sequence


def derived(keys: Sequence[bytes], purpose: str) -> tuple[bytes, ...]:
    """A key of 32 bytes for each sealing key, the current one first, by HMAC-SHA256 as in HKDF (RFC 5869).

    After a change of keys the older ones can still check what they signed.
    """
    return tuple(hmac.digest(key, b"heliograph derived key\x00" + purpose.encode(), "sha256") for key in keys)
