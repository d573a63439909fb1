"""One gateway for all wire cases: they speak to it and never depend on each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from heliograph.testing.running import Town, a_town


@pytest.fixture(scope="package")
def anyio_backend() -> str:
    """One event loop for all cases."""
    return "asyncio"


@pytest.fixture(scope="package")
async def town(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Town]:
    """A gateway on a real port and a real file."""
    folder: Path = tmp_path_factory.mktemp("wire")
    async with a_town(folder) as town:
        yield town
