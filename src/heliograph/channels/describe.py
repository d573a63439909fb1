"""The tables of a channel's docs page, rendered from its settings model and its answers."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from heliograph.channels.plugin import Plugin
from heliograph.channels.registry import BUILT_IN
from heliograph.config.describe import describe


def settings_table(plugin: Plugin) -> str:
    """Every setting of a kind of channel, as Markdown."""
    rows = [
        (
            f"`{row.key}`",
            row.type,
            "required" if row.required else f"`{row.default}`" if row.default else "none",
            row.text,
        )
        for row in describe(plugin.settings)
    ]
    return table(("setting", "takes", "default", ""), rows) if rows else "It has no settings of its own.\n"


def answers_table(kind: str) -> str:
    """What the provider's answers mean, by the channel's own `answers.as_rows()`; empty for one without."""
    name = f"{BUILT_IN[kind].rpartition('.')[0]}.answers"
    if importlib.util.find_spec(name) is None:
        return ""
    head, rows = importlib.import_module(name).as_rows()
    return table(head, rows)


def further_tables(kind: str) -> dict[str, str]:
    """Tables that a channel has beside those, by the names of their blocks: its own `describe.tables()`, if it has one."""
    name = f"{BUILT_IN[kind].rpartition('.')[0]}.describe"
    if importlib.util.find_spec(name) is None:
        return {}
    made = importlib.import_module(name).tables()
    return {block: table(head, rows) for block, (head, rows) in made.items()}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
