"""Loads the named statements of the sql folder."""

from __future__ import annotations

import re
from importlib import resources

_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


def script(name: str) -> str:
    """The text of a file in the sql folder."""
    return resources.files("heliograph.store").joinpath("sql", name).read_text(encoding="utf-8")


def parse(text: str) -> dict[str, str]:
    """Statements by name from `-- name --`, a sentence and the statement; raises ValueError for a name given twice."""
    _, *pieces = _NAME.split(text)
    statements: dict[str, str] = {}
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        if name in statements:
            raise ValueError(f"the statement {name} is there twice")
        lines = [line for line in body.strip().splitlines() if not line.startswith("--")]
        statements[name] = "\n".join(lines).rstrip(";")
    return statements


FILES = ("queries.sql", "channels.sql", "threads.sql", "webhooks.sql", "standbys.sql", "usage.sql", "sessions.sql")

#: Every statement of the store, by name.
SQL = parse("\n".join(map(script, FILES)))
