"""The writer: callers share commits, a bad one fails alone, and a full disk keeps nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from heliograph.core.delivery import Acceptance
from heliograph.core.errors import Conflict, Unavailable
from heliograph.store.jobs import Batch, Claim
from heliograph.store.outbox import SqliteOutbox
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer
from heliograph.testing.builders import a_message, a_text, an_acceptance

pytestmark = pytest.mark.anyio


class Bench:
    """A writer and its outbox, and how many batches were committed."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self.commits = 0
        self.writer = Writer(connection, limit=64, committed=self.count)
        self.reader = Reader(path)
        self.outbox = SqliteOutbox(self.writer, self.reader)

    def count(self) -> None:
        self.commits += 1


@pytest.fixture
async def bench(writing: apsw.Connection, path: Path) -> AsyncIterator[Bench]:
    made = Bench(writing, path)
    yield made
    await made.writer.close()
    made.reader.close()


async def stored(bench: Bench) -> int:
    return len(await bench.outbox.messages(company_id=None, state=None, before_id=None, limit=10_000))


async def test_callers_who_wait_at_once_share_commits(bench: Bench) -> None:
    await asyncio.gather(*(bench.outbox.accept(an_acceptance(1, first=first)) for first in range(1, 257)))
    assert await stored(bench) == 256
    assert bench.commits == 4  # 64 to a commit


async def test_a_caller_is_answered_only_when_the_message_is_in_the_file(bench: Bench, path: Path) -> None:
    other = apsw.Connection(str(path))
    for id in range(1, 30):
        await bench.outbox.accept(an_acceptance(1, first=id))
        assert other.execute("SELECT count(*) FROM message").get == id
    other.close()


async def test_a_poisonous_job_fails_alone_and_the_rest_of_its_batch_is_kept(bench: Bench) -> None:
    poison = an_acceptance(1, first=7, due_at=2**70)  # no column can hold this
    good = [bench.outbox.accept(an_acceptance(1, first=first)) for first in range(10, 40)]
    results = await asyncio.gather(*good[:15], bench.outbox.accept(poison), *good[15:], return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [apsw.ConstraintError]
    assert isinstance(results[15], apsw.ConstraintError)
    assert await stored(bench) == 30


async def test_work_that_fails_leaves_nothing_behind(bench: Bench) -> None:
    def half(connection: apsw.Connection) -> None:
        connection.execute("INSERT INTO suppression VALUES ('stub', 'a', 'b', 1)")
        raise Conflict("half way")

    with pytest.raises(Conflict, match="half way"):
        await bench.writer.run(half)
    assert bench.reader.value("dead", "stub", '["a"]') == "{}"
    await bench.outbox.accept(an_acceptance())
    assert await stored(bench) == 1


async def test_a_caller_who_gives_up_does_not_disturb_the_others(bench: Bench) -> None:
    tasks = [asyncio.ensure_future(bench.outbox.accept(an_acceptance(1, first=n))) for n in range(1, 11)]
    await asyncio.sleep(0)
    tasks[4].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [n for n, result in enumerate(results) if result is not None] == [4]
    assert await stored(bench) >= 9


async def test_closing_finishes_what_was_put_and_takes_nothing_more(writing: apsw.Connection, path: Path) -> None:
    bench = Bench(writing, path)
    tasks = [asyncio.ensure_future(bench.outbox.accept(an_acceptance(1, first=n))) for n in range(1, 201)]
    await asyncio.sleep(0)
    await bench.writer.close()
    await asyncio.gather(*tasks)
    assert await stored(bench) == 200
    with pytest.raises(Unavailable, match="closed"):
        await bench.outbox.accept(an_acceptance(1, first=999))
    bench.reader.close()


async def test_a_full_disk_is_unavailable_keeps_nothing_and_passes(bench: Bench) -> None:
    await bench.outbox.accept(an_acceptance())
    pages = await bench.writer.run(lambda connection: connection.pragma("page_count"))
    await bench.writer.run(lambda connection: connection.pragma("max_page_count", pages + 2))
    wishes = [
        Acceptance(messages=(a_message(id, content=a_text(body="x" * 20_000)),), deliveries=()) for id in range(2, 22)
    ]
    results = await asyncio.gather(*(bench.outbox.accept(wish) for wish in wishes), return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)
    assert await stored(bench) == 1
    await bench.writer.run(lambda connection: connection.pragma("max_page_count", 1_000_000))
    await bench.outbox.accept(wishes[0])
    assert await stored(bench) == 2


async def test_another_process_that_holds_the_file_too_long_is_unavailable(bench: Bench, path: Path) -> None:
    await bench.writer.run(lambda connection: connection.set_busy_timeout(20))
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    results = await asyncio.gather(
        *(bench.outbox.accept(an_acceptance(1, first=n)) for n in range(1, 30)), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable) for result in results)
    other.execute("ROLLBACK")
    other.close()
    await bench.outbox.accept(an_acceptance())
    assert await stored(bench) == 1


async def test_a_job_that_cannot_even_join_a_batch_fails_alone_and_the_writer_lives_on(bench: Bench) -> None:
    class Misfit(Claim):
        def join(self, batch: Batch) -> None:
            raise RuntimeError("a bug of a job")

    misfit = bench.writer.put(Misfit(bench.writer.future(), [1], 0, 0))
    beside = bench.writer.put(Claim(bench.writer.future(), [1], 0, 0))

    async with asyncio.timeout(60):
        with pytest.raises(RuntimeError, match="a bug of a job"):
            await misfit
        assert await beside == []
        assert await bench.writer.put(Claim(bench.writer.future(), [1], 0, 0)) == []
