"""The database file: what outlives a close, who may read it, and what two processes do with it."""

from __future__ import annotations

import asyncio
import stat
import sys
from pathlib import Path

import apsw
import pytest

from heliograph.config.settings import StoreSettings
from heliograph.core.delivery import Acceptance, Record
from heliograph.core.errors import Unavailable, WrongSchema
from heliograph.core.lifecycle import Happening, State
from heliograph.store.sqlite import SqliteStore, open_store
from heliograph.testing.builders import a_message, a_text, a_user, an_acceptance, an_item
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio

ANOTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from heliograph.config.settings import StoreSettings
from heliograph.core.delivery import Acceptance
from heliograph.store.sqlite import open_store
from heliograph.system.clock import SystemClock
from heliograph.testing.builders import a_delivery, a_message

async def main():
    store = await open_store(Path(sys.argv[1]), StoreSettings(), SystemClock())
    for _ in range(150):
        message, delivery = await store.outbox.reserve(1, 1)
        await store.outbox.accept(
            Acceptance(messages=(a_message(message),), deliveries=(a_delivery(delivery, message_id=message),))
        )
    await store.close()

asyncio.run(main())
"""


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)


async def test_everything_is_there_after_a_close(path: Path, clock: JumpingClock) -> None:
    store = await open_store(path, StoreSettings(), clock)
    await store.outbox.accept(an_acceptance(2))
    await store.directory.add_user(a_user())
    [item] = await store.inbox.put([an_item()])
    first, _ = await store.outbox.reserve(1, 1)
    await store.close()
    assert path.with_name("heliograph.db-wal").exists() is False

    store = await open_store(path, StoreSettings(), clock)
    assert await store.outbox.message(2) == a_message(2)
    assert await store.directory.user(101) == a_user()
    assert await store.inbox.items(101, before_id=None, limit=5) == [item]
    assert await store.queue.due("stub", now=NOON, limit=5) == [1, 2]
    assert (await store.outbox.reserve(1, 1))[0] > first
    await store.close()


async def test_nobody_else_may_read_the_folder_or_the_files(store: SqliteStore, path: Path) -> None:
    await store.outbox.accept(an_acceptance())
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {
        "heliograph.db": 0o600,
        "heliograph.db-wal": 0o600,
        "heliograph.db-shm": 0o600,
    }


async def test_a_second_process_writes_to_the_same_file_at_the_same_time(store: SqliteStore, path: Path) -> None:
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", ANOTHER_PROCESS, str(path))
    ended = asyncio.ensure_future(other.wait())
    ours = 0
    while not ended.done() or ours < 150:
        message, delivery = await store.outbox.reserve(1, 1)
        await store.outbox.accept(Acceptance(messages=(a_message(message),), deliveries=()))
        ours += 1
        assert delivery > 0
    assert await ended == 0
    listed = await store.outbox.messages(company_id=None, state=None, before_id=None, limit=100_000)
    assert len(listed) == ours + 150
    assert len(await store.queue.due("stub", now=NOON, limit=1000)) == 150


async def test_a_newer_database_is_refused_with_a_clear_sentence(path: Path, clock: JumpingClock) -> None:
    await (await open_store(path, StoreSettings(), clock)).close()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 999)
    connection.close()
    with pytest.raises(WrongSchema, match="schema 999"):
        await open_store(path, StoreSettings(), clock)


async def test_a_file_that_is_no_database_is_refused(path: Path, clock: JumpingClock) -> None:
    write(path, b"this is not a database, but it is long enough to be looked at as one" * 100)
    with pytest.raises(Unavailable, match="NotADB"):
        await open_store(path, StoreSettings(), clock)


async def test_the_facts_are_those_of_the_file(store: SqliteStore, path: Path) -> None:
    facts = store.facts()
    assert facts["sqlite"] == apsw.sqlite_lib_version()
    assert (facts["journal"], facts["synchronous"], facts["secure_delete"]) == ("wal", "full", "on")
    assert facts["path"] == str(path)


async def test_a_large_backlog_is_streamed_after_a_restart(path: Path, clock: JumpingClock) -> None:
    store = await open_store(path, StoreSettings(), clock)
    for first in range(1, 5001, 1000):
        await store.outbox.accept(an_acceptance(1000, first=first))
    await store.close()
    store = await open_store(path, StoreSettings(), clock)
    assert await store.queue.due("stub", now=NOON, limit=100) == list(range(1, 101))
    await store.close()


@pytest.mark.slow
async def test_what_retention_removes_is_gone_from_the_disk(store: SqliteStore, path: Path) -> None:
    marker = "a-very-private-sentence-"
    for id in range(1, 200):
        acceptance = an_acceptance(1, first=id, state=State.SENT)
        await store.outbox.accept(
            Acceptance(messages=(a_message(id, content=a_text(body=marker * 20)),), deliveries=acceptance.deliveries)
        )
    await store.outbox.record([Record(delivery_id=1, happening=Happening.ARRIVED, at=NOON, detail=marker)])
    assert await store.outbox.prune(before=NOON + 1, limit=1000) == 199
    for _ in range(600):
        await asyncio.sleep(0.1)
        copies = sum(file.read_bytes().count(marker.encode()) for file in path.parent.iterdir())
        if not copies:
            break
    assert copies == 0


async def test_closing_in_the_middle_of_a_checkpoint_ends(tmp_path: Path, clock: JumpingClock) -> None:
    for turn in range(10):
        store = await open_store(tmp_path / f"{turn}" / "h.db", StoreSettings(checkpoint_pages=100), clock)
        await store.outbox.accept(an_acceptance(1000))
        await asyncio.sleep(0.09 + turn / 500)  # the checkpointer looks after 0.1 s
        await asyncio.wait_for(store.close(), 60)
