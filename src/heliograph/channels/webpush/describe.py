"""The tables of this channel's docs page that no other channel has."""

from __future__ import annotations

from heliograph.channels.webpush import fields

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def tables() -> dict[str, Table]:
    """Heads and rows by the names of their blocks."""
    return {"fields": fields.as_rows()}
