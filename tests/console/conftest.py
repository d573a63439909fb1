"""A gateway with a console, and somebody at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.console.visitor import Visitor

from heliograph.core.people import Role
from heliograph.testing.running import PASSWORD, Town, a_town


async def promote(town: Town, associate_id: int) -> None:
    """Make someone an administrator, with the password everyone has here."""
    user = await town.app.directory.user(associate_id)
    assert user is not None
    await town.app.directory.update_user(replace(user, role=Role.ADMINISTRATOR))
    user = await town.app.directory.user(associate_id)
    assert user is not None
    if not user.password_hash:
        await town.app.people.set_password(user, PASSWORD)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Administrators in companies 1 and 2; a stub channel beside the inbox."""
    async with a_town(tmp_path, channels={"inbox": {"kind": "inbox"}, "stub": {"kind": "stub"}}) as town:
        await promote(town, 101)
        await promote(town, 201)
        yield town


@pytest.fixture
async def operator(town: Town) -> Visitor:
    """Of the whole gateway, by a one-time code."""
    visitor = Visitor(town)
    await visitor.with_code()
    return visitor
