"""One worker process as the gateway sees it: started, loaded, given runs, watched, and killed when it breaks a limit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec

from heliograph.hooks.job import Job
from heliograph.hooks.wire import (
    Ask,
    Began,
    BrokenFrame,
    Complain,
    Done,
    Load,
    Loaded,
    Loading,
    Report,
    Said,
    Told,
    Unpacker,
    from_worker,
    packed,
)

SLOW = 0.05  # seconds
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


class WorkerProcess(asyncio.Protocol):
    """Speaks to one `heliograph.scripts.worker`."""

    def __init__(self, owner: Owner, time_limit: float) -> None:
        self._owner = owner
        self._time_limit = time_limit
        self._loop = asyncio.get_running_loop()
        self._unpacker = Unpacker()
        self._jobs: dict[int, Job] = {}  # in the order they were given; the first one runs
        self._head_since = 0.0  # loop time at which the running script began
        self._watch: asyncio.TimerHandle | None = None
        self._loading: asyncio.Future[list[Report]] | None = None
        self._loading_script = ""
        self._asks: set[asyncio.Task[None]] = set()
        self._verdict = ""  # why it was killed
        self._transport: asyncio.Transport | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._ending: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self.retiring = False

    # ---------------------------------------------------------------- life

    async def start(self, load: Load) -> list[Report]:
        """Start the process and have it load the scripts. Raises LoadBroke."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "heliograph.scripts.worker", str(theirs.fileno()), str(os.getpid())),
                    pass_fds=[theirs.fileno()],
                    env={name: value for name, value in os.environ.items() if not name.startswith("HELIOGRAPH_")},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    start_new_session=True,  # so that what a script starts ends with it
                )
            except BaseException:
                ours.close()
                self._over.set()
                raise
        await self._loop.create_unix_connection(lambda: self, sock=ours)
        self._loading = self._loop.create_future()
        self._write(packed(load))
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
        if not self._jobs and self._transport is not None:
            self._transport.close()

    def kill(self, why: str) -> None:
        """End it now."""
        self._verdict = self._verdict or why
        self._disarm()
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._transport is not None:
            self._transport.abort()

    async def wait(self) -> None:
        """Until the process is gone, and its owner knows."""
        if self._process is not None:
            await self._over.wait()

    @property
    def pid(self) -> int:
        """The process's id, 0 before it starts."""
        return self._process.pid if self._process is not None else 0

    # ---------------------------------------------------------------- work

    @property
    def load(self) -> int:
        """How many jobs it has."""
        return len(self._jobs)

    @property
    def slow(self) -> bool:
        """Whether what runs has run for so long that nothing should wait behind it."""
        return bool(self._jobs) and self._loop.time() - self._head_since > SLOW

    def give(self, job: Job) -> None:
        """Have it run this after what it has."""
        if not self._jobs:
            self._head_since = self._loop.time()
            if self._watch is None:
                self._arm(self._time_limit)
        self._jobs[job.id] = job
        self._write(packed(job.run()))

    def complain(self, script: str, message: str) -> None:
        """Have this script's on_error told."""
        self._write(packed(Complain(script, message)))

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._unpacker.feed(data):
                self._heard(body)
        except (msgspec.DecodeError, BrokenFrame) as error:
            self.kill(f"it does not keep to the protocol ({error})")

    def _heard(self, body: bytes) -> None:
        frame = from_worker(body)
        if type(frame) is Done:
            self._done(frame)
        elif isinstance(frame, Began):
            if (job := self._jobs.get(frame.id)) is not None:
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
        self._write(packed(await self._owner.answer(ask)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._transport = None
        for task in self._asks:
            task.cancel()
        self._ending = self._loop.create_task(self._ended())

    async def _ended(self) -> None:
        code = await self._exit_code()
        reason = self._verdict or ended(code)
        if self._loading is not None and not self._loading.done():
            self._loading.set_exception(LoadBroke(self._loading_script, reason))
        jobs, self._jobs = list(self._jobs.values()), {}
        self._owner.lost(self, jobs, reason)
        self._over.set()

    async def _exit_code(self) -> int:
        if self._process is None:
            return 0
        try:
            return await asyncio.wait_for(self._process.wait(), 1.0)
        except TimeoutError:  # it closed its line and lives on
            self.kill("it closed its line")
            return await self._process.wait()


def ended(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"
