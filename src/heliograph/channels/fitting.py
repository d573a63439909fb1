"""Shortens a text to a number of bytes, never in the middle of what a reader sees as one character."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec

ELLIPSIS = "…"
_JOINER = "\u200d"
_ESCAPED = {'"': 2, "\\": 2, "\b": 2, "\f": 2, "\n": 2, "\r": 2, "\t": 2}


class TooLong(Exception):
    """What a payload must hold is longer than the provider takes."""


def size_in_json(text: str) -> int:
    """Bytes of the text inside a JSON string, its quotes left out."""
    return len(msgspec.json.encode(text)) - 2


def shortened(text: str, most: int) -> str:
    """The text within `most` bytes of JSON, with an ellipsis where something was left out; empty when nothing fits."""
    if size_in_json(text) <= most:
        return text
    room = most - len(ELLIPSIS.encode())
    if room <= 0:
        return ""
    end = 0
    while end < len(text):
        room -= _cost(text[end])
        if room < 0:
            break
        end += 1
    while end > 0 and _joined(text, end):
        end -= 1
    kept = text[:end].rstrip()
    return kept + ELLIPSIS if kept else ""


def _cost(char: str) -> int:
    if char in _ESCAPED:
        return _ESCAPED[char]
    return 6 if char < " " else len(char.encode())


def _joined(text: str, at: int) -> bool:
    """Whether the characters on both sides of that place are seen as one.

    The rules of Unicode Annex 29 that matter for people's texts: marks, joiners, variation selectors, skin tones,
    Hangul syllables in parts, pairs of letters that make a flag, carriage return and line feed.
    """
    if at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    if before == "\r" and after == "\n":
        return True
    if before == _JOINER or after == _JOINER or unicodedata.category(after) in ("Mn", "Me", "Mc"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    if "\u1100" <= before <= "\u11ff" and "\u1160" <= after <= "\u11ff":
        return True
    return _is_flag_part(before) and _is_flag_part(after) and _flag_parts_before(text, at) % 2 == 1


def _is_flag_part(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_parts_before(text: str, at: int) -> int:
    count = 0
    while at - count > 0 and _is_flag_part(text[at - count - 1]):
        count += 1
    return count


def fitted(payload: Any, texts: Sequence[tuple[str, ...]], most: int) -> bytes:
    """A payload as JSON of at most so many bytes, its texts shortened in the order given where that is needed.

    `texts` are paths into the payload, which is changed. Raises TooLong when it is too long without them, too.
    """
    encoded = msgspec.json.encode(payload)
    for path in texts:
        over = len(encoded) - most
        if over <= 0:
            break
        holder = payload
        for step in path[:-1]:
            holder = holder.get(step, {})
        text = holder.get(path[-1], "")
        if text:
            holder[path[-1]] = shortened(text, size_in_json(text) - over)
            encoded = msgspec.json.encode(payload)
    if len(encoded) > most:
        raise TooLong(f"the payload is {len(encoded):,} bytes without its texts; the provider takes {most:,}")
    return encoded
