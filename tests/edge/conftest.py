"""A whole gateway for stories that concern every door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from heliograph.testing.running import Town, a_town


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """On a real port and a real file."""
    async with a_town(tmp_path) as town:
        yield town
