"""Workers die at moments that nobody chose: every job ends, and no script is blamed that has not run."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from heliograph.config.settings import ScriptSettings
from heliograph.hooks.folder import ScriptFolder
from heliograph.hooks.job import Job
from heliograph.hooks.librarian import Librarian
from heliograph.hooks.pool import Pool
from heliograph.hooks.process import LoadBroke, WorkerProcess
from heliograph.hooks.shelf import Shelf
from heliograph.hooks.wire import BEFORE, Ask, Began, Load, Report, Source, Told, Who
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.waiting import PATIENCE, until
from heliograph.workers.child import Child
from heliograph.workers.frames import packed

pytestmark = pytest.mark.anyio

METHOD = "SendPushNotification"
ARGUMENTS = msgspec.json.encode(
    {"associate_ids": [101], "message": PocketNotificationMessage(title="Lamp", message="lit")}
)
TEXT = "def before_send_push_notification(associate_ids, message, event):\n    pass\n"


async def silent(ask: Ask) -> Told:
    raise AssertionError("no script asks here")


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    blamed.clear()
    made = Pool(1, 4, 5.0, answer=silent, said=lambda said: None, lost_script=lambda name, why: blamed.append(name))
    yield made
    await made.close()


blamed: list[str] = []


def a_load(folder: Path) -> Load:
    return Load(str(folder), [Source("a.py", str(folder / "a.py"), TEXT)], {}, 512 * 1024 * 1024, False)


def a_job() -> Job:
    return Job(BEFORE, METHOD, ("a.py",), Who(1, "rest", 101, False), ARGUMENTS, None, {})


async def ran(pool: Pool) -> Job:
    async with asyncio.timeout(PATIENCE):
        return await pool.run(a_job())


async def is_gone(worker: Child) -> None:
    async with asyncio.timeout(PATIENCE):
        await worker.wait()


async def test_a_worker_that_dies_between_its_trial_and_its_service_serves_nobody(pool: Pool, tmp_path: Path) -> None:
    load = a_load(tmp_path)
    worker, _ = await pool.try_out(load)
    os.kill(worker.pid, signal.SIGKILL)
    await is_gone(worker)

    await pool.change(load, worker)

    assert (await ran(pool)).failures == []
    assert worker.pid not in pool.pids


@pytest.mark.parametrize("turns", range(1, 8))
async def test_a_job_that_came_after_its_worker_was_gone_runs_on_the_next_and_its_script_is_not_blamed(
    pool: Pool, tmp_path: Path, turns: int
) -> None:
    await pool.change(a_load(tmp_path))
    [pid] = pool.pids
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.02)  # noqa: ASYNC251 - the loop is to find the end of the line and of the process at once
    for _ in range(turns):
        await asyncio.sleep(0)

    job = await ran(pool)

    assert (job.failures, blamed) == ([], [])


async def test_without_scripts_a_job_is_given_up_at_once(pool: Pool, tmp_path: Path) -> None:
    load = a_load(tmp_path)
    worker, _ = await pool.try_out(load)
    await pool.change(load, worker)
    await pool.change(None)
    await is_gone(worker)

    assert (await ran(pool)).given_up is True


async def test_a_worker_that_tells_of_a_script_beyond_the_last_is_ended_and_its_jobs_too(
    pool: Pool, tmp_path: Path
) -> None:
    load = a_load(tmp_path)
    worker, _ = await pool.try_out(load)
    await pool.change(load, worker)
    job = a_job()
    running = asyncio.create_task(pool.run(job))
    await asyncio.sleep(0)

    worker.data_received(packed(Began(job.id, 7, None, None, None, [])))

    async with asyncio.timeout(PATIENCE):
        assert await running is job


async def test_a_pool_that_is_closed_while_a_worker_starts_leaves_no_process(pool: Pool, tmp_path: Path) -> None:
    starting = asyncio.create_task(pool.try_out(a_load(tmp_path)))
    await asyncio.sleep(0)
    [worker] = pool._aside

    await pool.close()

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(LoadBroke):
            await starting
        await worker.wait()
    assert worker.gone


async def test_whatever_becomes_of_the_workers_every_job_ends_and_their_number_is_full_again(tmp_path: Path) -> None:
    chance, jobs = random.Random(7), []
    pool = Pool(2, 4, 5.0, answer=silent, said=lambda said: None, lost_script=lambda name, why: None)
    await pool.change(a_load(tmp_path))
    for _ in range(60):
        jobs += [asyncio.create_task(pool.run(a_job())) for _ in range(chance.randint(0, 6))]
        match chance.randint(0, 11):
            case 0 if pool.pids:
                os.kill(chance.choice(pool.pids), signal.SIGKILL)
            case 1 if jobs:
                chance.choice(jobs).cancel()
            case 2 if chance.random() < 0.4:
                await pool.change(chance.choice((None, a_load(tmp_path))))
            case 3:
                await asyncio.sleep(0.02)
            case _:
                await asyncio.sleep(0)
    await pool.change(a_load(tmp_path))

    async with asyncio.timeout(PATIENCE):
        ends = await asyncio.gather(*jobs, return_exceptions=True)
        assert (await pool.run(a_job())).failures == []
        await until(lambda: len(pool.pids) == 2)
    assert {type(end) for end in ends} <= {Job, asyncio.CancelledError}
    await pool.close()
    assert (pool._aside, pool._tasks) == (set(), set())


class Poor(Pool):
    """For a while the machine starts no process."""

    poor = False

    async def try_out(self, load: Load) -> tuple[WorkerProcess, list[Report]]:
        if self.poor:
            raise OSError(errno.EAGAIN, "no process to be had")
        return await super().try_out(load)


async def test_scripts_that_could_not_be_brought_into_service_for_a_while_are_once_it_is_over(tmp_path: Path) -> None:
    def a_pool() -> Poor:
        return Poor(1, 4, 5.0, answer=silent, said=lambda said: None, lost_script=lambda name, why: None)

    shelf, now, later = Shelf(5), a_pool(), a_pool()
    librarian = Librarian(ScriptFolder(tmp_path), shelf, now, later, ScriptSettings(), {}, lambda: None)
    await librarian.load()
    watching = asyncio.create_task(librarian.watch(poll=0.01, again=0.01))
    now.poor = True
    (tmp_path / "a.py").write_text(TEXT)
    await asyncio.sleep(0.1)
    assert not shelf.methods

    now.poor = False
    await until(lambda: shelf.methods == {METHOD})

    watching.cancel()
    await asyncio.gather(watching, now.close(), later.close(), return_exceptions=True)
