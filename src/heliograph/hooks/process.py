"""One worker process as the gateway sees it: started, loaded, given runs, watched, and killed when it breaks a limit."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

from heliograph.hooks.job import Job
from heliograph.hooks.wire import (
    Ask,
    Began,
    Complain,
    Done,
    Load,
    Loaded,
    Loading,
    Report,
    Said,
    Told,
    from_worker,
)
from heliograph.workers.child import Child
from heliograph.workers.frames import BrokenFrame

SLOW = 0.05  # seconds
MODULE = "heliograph.scripts.worker"
STARTING = 30.0  # seconds a fresh interpreter may take before its first script is looked at


class LoadBroke(Exception):
    """The worker ended, or took too long, while this script's own code ran ("" when none did yet)."""

    def __init__(self, script: str, reason: str) -> None:
        super().__init__(reason)
        self.script, self.reason = script, reason


class Owner:
    """Whom a worker tells; every method is called on the event loop and must not wait."""

    answer: Callable[[Ask], Awaitable[Told]]
    said: Callable[[Said], None]
    free: Callable[[], None]  # a place has become free, or a job has come back
    lost: Callable[[WorkerProcess, list[Job], str], None]  # it ended; unfinished jobs, the running one first, and why


class WorkerProcess(Child):
    """Speaks to one `heliograph.scripts.worker`."""

    def __init__(self, owner: Owner, time_limit: float) -> None:
        super().__init__()
        self._owner = owner
        self._time_limit = time_limit
        self._jobs: dict[int, Job] = {}  # in the order they were given; the first one runs
        self._head_since = 0.0  # loop time at which the running script began
        self._watch: asyncio.TimerHandle | None = None
        self._loading: asyncio.Future[list[Report]] | None = None
        self._loading_script = ""
        self._asks: set[asyncio.Task[None]] = set()
        self.retiring = False

    # ---------------------------------------------------------------- life

    async def start(self, load: Load) -> list[Report]:
        """Start the process and have it load the scripts. Raises LoadBroke."""
        await self.spawn(
            MODULE, {name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")}
        )
        self._loading = self._loop.create_future()
        self.write(load)
        self._arm(STARTING)
        try:
            return await self._loading
        except BaseException:
            self.kill("it was not needed any more")
            raise
        finally:
            self._loading = None
            self._disarm()

    def retire(self) -> None:
        """Take nothing new; end once what is running is done."""
        self.retiring = True
        if not self._jobs:
            self.let_go()

    def kill(self, why: str) -> None:
        """End it now."""
        self._disarm()
        super().kill(why)

    # ---------------------------------------------------------------- work

    @property
    def load(self) -> int:
        """How many jobs it has."""
        return len(self._jobs)

    @property
    def slow(self) -> bool:
        """Whether what runs has run for so long that nothing should wait behind it."""
        return bool(self._jobs) and self._loop.time() - self._head_since > SLOW

    def give(self, job: Job) -> bool:
        """Have it run this after what it has; False when it turns out to be gone."""
        self.write(job.run())
        if not self.open:
            return False
        if not self._jobs:
            self._head_since = self._loop.time()
            if self._watch is None:
                self._arm(self._time_limit)
        self._jobs[job.id] = job
        return True

    def complain(self, script: str, message: str) -> None:
        """Have this script's on_error told."""
        self.write(Complain(script, message))

    # ---------------------------------------------------------------- watching

    def _arm(self, seconds: float) -> None:
        self._watch = self._loop.call_later(seconds, self._look)

    def _disarm(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _look(self) -> None:
        self._watch = None
        if self._loading is not None:
            self.kill(f"it took longer than {self._time_limit:g} seconds to load")
            return
        if not self._jobs:
            return
        left = self._head_since + self._time_limit - self._loop.time()
        if left <= 0:
            self.kill(f"it took longer than {self._time_limit:g} seconds")
        else:
            self._arm(left)

    # ---------------------------------------------------------------- frames

    def heard(self, body: bytes) -> None:
        frame = from_worker(body)
        if type(frame) is Done:
            self._done(frame)
        elif isinstance(frame, Began):
            if (job := self._jobs.get(frame.id)) is not None:
                if not 0 <= frame.place < len(job.scripts):
                    raise BrokenFrame("a script that it was not given")
                job.began(frame)
                self._head_since = self._loop.time()
        elif isinstance(frame, Ask):
            task = self._loop.create_task(self._answer(frame))
            self._asks.add(task)
            task.add_done_callback(self._asks.discard)
        elif isinstance(frame, Said):
            self._owner.said(frame)
        elif isinstance(frame, Loading):
            self._loading_script = frame.script
            self._disarm()
            self._arm(self._time_limit)
        elif isinstance(frame, Loaded) and self._loading is not None and not self._loading.done():
            self._loading.set_result(frame.reports)

    def _done(self, frame: Done) -> None:
        job = self._jobs.pop(frame.id, None)
        if job is None:
            return
        self._head_since = self._loop.time()
        job.done(frame)
        if self.retiring:
            self.retire()
        else:
            self._owner.free()

    async def _answer(self, ask: Ask) -> None:
        self.write(await self._owner.answer(ask))

    def parted(self) -> None:
        self._disarm()
        for task in self._asks:
            task.cancel()

    def ended(self, reason: str) -> None:
        if self._loading is not None and not self._loading.done():
            self._loading.set_exception(LoadBroke(self._loading_script, reason))
        jobs, self._jobs = list(self._jobs.values()), {}
        self._owner.lost(self, jobs, reason)
