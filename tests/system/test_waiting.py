"""`until` comes back with what it waited for, and says what there was in its place."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio


async def test_what_comes_late_is_waited_for() -> None:
    came: list[int] = []
    asyncio.get_running_loop().call_later(0.05, came.extend, [1, 2])
    assert await until(lambda: came, lambda found: len(found) == 2) == [1, 2]


async def test_what_must_be_awaited_is_awaited() -> None:
    async def look() -> str:
        return "lit"

    assert await until(look, lambda found: found == "lit") == "lit"


async def test_what_does_not_come_is_told_with_what_there_was() -> None:
    with pytest.raises(AssertionError, match=r"there was still \['half'\]"):
        await until(lambda: ["half"], lambda found: len(found) == 2, within=0.05)
