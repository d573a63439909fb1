"""The parts of the store on disk, opened one by one where a test needs to reach one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from heliograph.config.settings import StoreSettings
from heliograph.store.connection import connect, furnish_writer, prepare_file
from heliograph.store.migrate import migrate
from heliograph.store.sqlite import SqliteStore, open_store
from heliograph.testing.clock import JumpingClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "heliograph.db"


@pytest.fixture
def writing(path: Path) -> apsw.Connection:
    """The writer's connection to a new database. Whoever makes a Writer of it closes it with the Writer."""
    prepare_file(path)
    connection = connect(path)
    migrate(connection)
    furnish_writer(connection)
    return connection


@pytest.fixture
async def store(path: Path, clock: JumpingClock) -> AsyncIterator[SqliteStore]:
    opened = await open_store(path, StoreSettings(), clock)
    yield opened
    await opened.close()
