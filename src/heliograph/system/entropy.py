"""Random bytes fit for keys, tickets and ids."""

from __future__ import annotations

import secrets


def entropy(count: int) -> bytes:
    """That many unpredictable bytes, from the operating system."""
    return secrets.token_bytes(count)
