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


def split_reference(query: str) -> tuple[str, str]:
    """The value of `ref` in a query, and the query without it; empty where it stands twice."""
    pairs = [pair for pair in query.split("&") if pair]
    found = [pair.removeprefix("ref=") for pair in pairs if pair.startswith("ref=")]
    return (found[0] if len(found) == 1 else ""), "&".join(pair for pair in pairs if not pair.startswith("ref="))
