"""A few workers with the same scripts, and the jobs that wait for them. A worker that is lost is replaced."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from heliograph.hooks.job import Job
from heliograph.hooks.process import LoadBroke, Owner, WorkerProcess
from heliograph.hooks.wire import Ask, Load, Report, Said, Told

log = structlog.get_logger(__name__)

_AGAIN = 1.0  # seconds until a worker that could not be started is tried once more


class Pool(Owner):
    """Runs jobs, each once, on whichever worker has most room; `lost_script` hears of scripts that broke a worker."""

    def __init__(
        self,
        size: int,
        depth: int,
        time_limit: float,
        *,
        answer: Callable[[Ask], Awaitable[Told]],
        said: Callable[[Said], None],
        lost_script: Callable[[str, str], None],
    ) -> None:
        self.answer = answer
        self.said = said
        self._size = size
        self._depth = depth  # jobs a worker may have at once: the next one is there when one is done
        self._time_limit = time_limit
        self._lost_script = lost_script
        self._load: Load | None = None
        self._workers: list[WorkerProcess] = []
        self._aside: set[WorkerProcess] = set()  # alive, and not serving: they load, or finish what they have
        self._waiting: deque[Job] = deque()
        self._complaints: deque[tuple[str, str]] = deque(maxlen=100)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The processes that serve now."""
        return [worker.pid for worker in self._workers]

    async def run(self, job: Job) -> Job:
        """The job once all its scripts have run, or were lost with their workers."""
        self.put(job)
        try:
            return await job.future
        finally:
            if not job.future.done() or job.future.cancelled():
                self._forget(job)

    def put(self, job: Job) -> None:
        """Have it run in its turn; `job.future` tells when it has."""
        if self._closed or self._load is None:
            job.give_up("the gateway stops" if self._closed else "its script is gone")
            return
        self._waiting.append(job)
        self.free()

    def complain(self, script: str, message: str) -> None:
        """Have this script's own on_error told, by whichever worker is there first."""
        self._complaints.append((script, message))
        self._pass_on()

    def _pass_on(self) -> None:
        while self._workers and self._complaints:
            self._workers[0].complain(*self._complaints.popleft())

    # ------------------------------------------------------------------ the scripts

    async def try_out(self, load: Load) -> tuple[WorkerProcess, list[Report]]:
        """A worker with these scripts, and what became of each. Raises LoadBroke naming the script that broke it."""
        worker = WorkerProcess(self, self._time_limit)
        self._aside.add(worker)
        return worker, await worker.start(load)

    async def change(self, load: Load | None, first: WorkerProcess | None = None) -> None:
        """From now on these scripts; None ends all workers. What runs on the old ones is finished there.

        Raises LoadBroke when no worker could be started.
        """
        fresh = [first] if first is not None else []
        if load is not None:
            missing = self._size - len(fresh)
            started = await asyncio.gather(*(self.try_out(load) for _ in range(missing)), return_exceptions=True)
            fresh += [each[0] for each in started if not isinstance(each, BaseException)]
            broke = [each for each in started if isinstance(each, BaseException)]
            if broke and not fresh:
                raise broke[0]
        self._aside -= set(fresh)
        fresh = [worker for worker in fresh if not worker.gone]  # one may have ended while the others were started
        old, self._workers, self._load = self._workers, fresh, load
        for worker in old:
            self._aside.add(worker)
            worker.retire()
        if load is None:
            self._let_go("its script is gone")
        else:
            self.free()
            self._fill_up()

    async def close(self) -> None:
        """End every worker; jobs that still wait are given up."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        everyone = [*self._workers, *self._aside]
        for worker in everyone:
            worker.kill("the gateway stops")
        self._let_go("the gateway stops")
        await asyncio.gather(*(worker.wait() for worker in everyone), *self._tasks, return_exceptions=True)

    def _let_go(self, why: str) -> None:
        while self._waiting:
            self._waiting.popleft().give_up(why)

    # ------------------------------------------------------------------ what workers tell

    def free(self) -> None:
        """Hand out what waits, to the least busy first; behind a slow one only when all are slow."""
        # Those whose line is closed are about to be lost: what they were given would be, and its script be blamed.
        while self._waiting and (serving := [worker for worker in self._workers if worker.open]):
            worker = min([each for each in serving if not each.slow] or serving, key=_busy)
            if worker.load >= self._depth:
                return
            if self._waiting[0].future.done() or worker.give(self._waiting[0]):
                self._waiting.popleft()

    def lost(self, worker: WorkerProcess, jobs: list[Job], reason: str) -> None:
        """The first job's running script is to blame; all others run elsewhere, in their old order."""
        self._aside.discard(worker)
        serving = worker in self._workers
        if serving:
            self._workers.remove(worker)
        if jobs and not self._closed:
            self._lost_script(jobs[0].broke(reason), reason)
        self._waiting.extendleft(job for job in reversed(jobs) if not job.future.done())
        if self._closed or self._load is None:
            self._let_go(reason)
            return
        self.free()
        if serving:
            self._fill_up()

    def _fill_up(self) -> None:
        if len(self._workers) < self._size and not self._closed and not self._tasks:
            task = asyncio.get_running_loop().create_task(self._replace())
            self._tasks.add(task)
            task.add_done_callback(self._filled)

    def _filled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and self._load is not None:
            self._fill_up()

    async def _replace(self) -> None:
        load = self._load
        if load is None:
            return
        try:
            worker, _ = await self.try_out(load)
        except (LoadBroke, OSError) as error:
            log.error("A script worker cannot be started.", action="script_worker", reason=str(error))
            if not self._workers:
                self._let_go(f"no worker could be started: {error}")
            await asyncio.sleep(_AGAIN)
            return
        if load is not self._load:  # the scripts have changed meanwhile
            worker.retire()
            return
        self._aside.discard(worker)
        self._workers.append(worker)
        self._pass_on()
        self.free()

    def _forget(self, job: Job) -> None:
        """Nobody waits for it any more."""
        if job in self._waiting:
            self._waiting.remove(job)


def _busy(worker: WorkerProcess) -> int:
    return worker.load
