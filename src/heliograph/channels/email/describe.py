"""The tables of this channel's docs page that no other channel has."""

from __future__ import annotations

from heliograph.channels.email.inbound import bounces
from heliograph.channels.email.whole import ONCE, TAKEN_OUT
from heliograph.channels.kinds import Table


def tables() -> dict[str, Table]:
    """Heads and rows by the names of their blocks."""
    fields = [("stand once at most", ONCE), ("are taken out", TAKEN_OUT)]
    rows: list[tuple[str, ...]] = [(what, ", ".join(f"`{name}`" for name in sorted(names))) for what, names in fields]
    return {"reports": bounces.as_rows(), "fields": (("fields that", ""), rows)}
