"""Our own name for a message, by which providers may speak of it. Pure."""

from __future__ import annotations

import re

from heliograph.core.delivery import Letter

_REFERENCE = re.compile(r"[0-9a-f]{1,16}-([0-9a-f]{1,16})", re.ASCII)


def reference_of(letter: Letter) -> str:
    """Stable per delivery; the time keeps names apart from those of an earlier, lost database."""
    return f"{letter.message.created_at:x}-{letter.delivery_id:x}"


def delivery_of(reference: str) -> int:
    """The delivery of a reference; 0, which is nobody's, for what is none."""
    match = _REFERENCE.fullmatch(reference)
    return int(match[1], 16) if match else 0
