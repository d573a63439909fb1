"""Where two plain values differ, by the names that lead there."""

from __future__ import annotations

from typing import Any


def differences(old: Any, new: Any, above: str = "") -> list[str]:
    """`message.title`, `associate_ids`: members of dicts by name; anything else is the same or it is not."""
    if old == new:
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        names: list[str] = []
        for key in dict.fromkeys([*old, *new]):
            names += differences(old.get(key), new.get(key), f"{above}.{key}" if above else str(key))
        return names
    return [above]
