"""Whether the store can still write is found out by writing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from heliograph.config.settings import StoreSettings
from heliograph.store.pulse import EVERY, PATIENCE
from heliograph.store.sqlite import open_store
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


def frames(path: Path) -> bytes:
    return path.with_name(path.name + "-wal").read_bytes()


async def test_a_store_that_writes_has_no_trouble_and_is_not_asked_often(tmp_path: Path, clock: JumpingClock) -> None:
    path = tmp_path / "heliograph.db"
    store = await open_store(path, StoreSettings(), clock)
    assert await store.pulse.trouble() == ""
    written = frames(path)
    for _ in range(20):
        assert await store.pulse.trouble() == ""
    assert frames(path) == written, "the answer is remembered"
    await clock.jump(EVERY)
    assert await store.pulse.trouble() == ""
    assert frames(path) != written, "and found out anew after a while, on disk"
    await store.close()


async def test_a_file_that_another_holds_locked_is_told_in_time(tmp_path: Path, clock: JumpingClock) -> None:
    path = tmp_path / "heliograph.db"
    store = await open_store(path, StoreSettings(), clock)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    began = asyncio.get_running_loop().time()
    words = await store.pulse.trouble()
    assert "has not taken a write" in words
    assert asyncio.get_running_loop().time() - began < PATIENCE + 1
    other.execute("ROLLBACK")
    other.close()
    for _ in range(50):
        await clock.jump(EVERY)
        if not await store.pulse.trouble():
            break
    assert await store.pulse.trouble() == ""
    await store.close()


async def test_a_store_that_refuses_to_write_is_told_in_its_own_words(tmp_path: Path, clock: JumpingClock) -> None:
    store = await open_store(tmp_path / "heliograph.db", StoreSettings(), clock)
    await store.close()
    assert await store.pulse.trouble() == "The store is closed."
