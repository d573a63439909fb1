"""What a command imports before it begins: its own needs, and not those of its neighbours."""

from __future__ import annotations

import subprocess
import sys

from heliograph.cli.tree import COMMANDS

HEAVY = ("rich", "structlog", "apsw", "uvicorn", "starlette", "lxml", "heliograph.config.settings", "heliograph.app")


def brought_in(statement: str) -> set[str]:
    """The modules that are there after the statement, in a Python of its own."""
    told = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(told.stdout.split())


def test_the_command_line_is_there_before_anything_heavy_is() -> None:
    there = brought_in("import heliograph.cli.main")
    assert "heliograph.cli.tree" in there
    assert there.isdisjoint(HEAVY)
    assert there.isdisjoint(
        {f"heliograph.cli.{place.partition(':')[0]}" for place in COMMANDS.values()} - {"heliograph.cli.version"}
    )


def test_a_command_that_asks_the_store_opens_no_door() -> None:
    there = brought_in("import heliograph.app")
    assert there.isdisjoint({"heliograph.edge.server", "heliograph.edge.console.pages", "uvicorn", "starlette", "lxml"})
