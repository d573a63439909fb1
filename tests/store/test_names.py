"""The index of names on disk: filled for those who were there before it, and empty of those who are gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from heliograph.config.settings import StoreSettings
from heliograph.core.roster import Sought
from heliograph.store.connection import connect, prepare_file
from heliograph.store.migrate import apply_step, steps
from heliograph.store.sqlite import open_store
from heliograph.testing.builders import a_company, a_user
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio

PERSON = """
INSERT INTO person VALUES (7, 1, 'u7', 'Lamp', 'lamp', '', '', '', '', 'Åse Straße', 'user', 1, '', 0)
"""


async def test_users_of_before_the_index_are_found_once_it_is_there(tmp_path: Path, clock: JumpingClock) -> None:
    file = tmp_path / "heliograph.db"
    prepare_file(file)
    old = connect(file)
    names = next(number for number, script in steps().items() if "person_text" in script)
    for number, script in steps().items():
        if number < names:
            apply_step(old, number, script)
    old.execute(PERSON)
    old.close()
    for _ in range(2):  # the second start finds the index full
        store = await open_store(file, StoreSettings(), clock)
        for name in ("strasse", "åse s", "lamp", "ås"):
            assert [u.associate_id for u in await store.roster.search(1, Sought(name=name), skip=0, limit=9)] == [7]
        await store.close()


async def test_a_name_that_was_changed_is_gone_from_the_file(tmp_path: Path, clock: JumpingClock) -> None:
    file = tmp_path / "heliograph.db"
    store = await open_store(file, StoreSettings(), clock)
    await store.directory.add_company(a_company())
    user = await store.directory.add_user(a_user(101, full_name="Zebulon Quartermaine"))
    await store.directory.update_user(replace(user, full_name="", user_name="deleted-1"))
    assert await store.roster.search(1, Sought(name="quarter"), skip=0, limit=9) == []
    await store.close()
    assert not [name for name, data in files(tmp_path) if b"uarterm" in data.lower()]


def files(folder: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in folder.iterdir()]
