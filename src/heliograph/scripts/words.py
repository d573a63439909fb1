"""A parameter's type as a script writes it."""

from __future__ import annotations

from typing import Any, get_args, get_origin


def written(kind: Any) -> str:
    """`list[int]`, `PocketNotificationMessage`, `datetime | None`."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (list, dict):
        return f"{origin.__name__}[{', '.join(map(written, inner))}]"
    if inner:
        return " | ".join("None" if each is type(None) else written(each) for each in inner)
    return getattr(kind, "__name__", str(kind))
