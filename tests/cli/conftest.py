"""A terminal in a fresh folder, and a company to work in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture
def company(terminal: Terminal) -> dict[str, Any]:
    """A company in a fresh folder, with its key."""
    made: dict[str, Any] = terminal.ok("company", "add", "Lighthouse Keepers", "--json").json
    return made
