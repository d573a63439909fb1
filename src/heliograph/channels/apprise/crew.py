"""The channel's few workers: each notification takes one for itself, and a worker that was lost is replaced."""

from __future__ import annotations

import asyncio
from pathlib import Path

from heliograph.channels.apprise.process import AppriseWorker, Lost
from heliograph.channels.apprise.wire import Load, Notify, Ready, Told
from heliograph.core.ports import Clock

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds before a place whose workers keep dying gets another


class NoWorker(Exception):
    """Nothing was sent: there is no worker to be had for now."""

    def __init__(self, why: str, wait: float) -> None:
        super().__init__(why)
        self.wait = wait  # seconds


class Place:
    """Where one worker at a time works."""

    def __init__(self) -> None:
        self.worker: AppriseWorker | None = None
        self.deaths = 0  # unexpected ends in a row
        self.not_before = 0.0  # monotonic seconds

    @property
    def manned(self) -> bool:
        """Whether a worker is ready here."""
        return self.worker is not None and self.worker.alive

    def died(self, now: float) -> None:
        """Its worker has ended unasked: the next one comes after a pause, which doubles from end to end."""
        pause = min(FIRST_PAUSE * 2.0**self.deaths, LONGEST_PAUSE)
        self.deaths = min(self.deaths + 1, 16)
        self.not_before = now + pause


class Crew:
    """Workers with the same targets. The first send that finds none starts one."""

    def __init__(self, size: int, queue: int, load: Load, ca_file: Path | None, clock: Clock) -> None:
        self._load = load
        self._ca_file = ca_file
        self._clock = clock
        self._queue = queue  # most that may wait for a place
        self._free = [Place() for _ in range(size)]
        self._vacancies = asyncio.Semaphore(size)
        self._waiting = 0
        self._everyone: set[AppriseWorker] = set()
        self._closed = False
        self.ready: Ready | None = None  # what the worker started last said of the targets

    @property
    def pids(self) -> list[int]:
        """The processes that are ready or at work."""
        return [worker.pid for worker in self._everyone if worker.alive]

    async def send(self, notify: Notify, within: float) -> Told:
        """Raises NoWorker when nothing was sent, Lost when the worker ended over it."""
        place = await self._take()
        try:
            worker = await self._manned(place)
            try:
                told = await worker.notify(notify, within)
            except Lost as lost:
                if not (self._closed or lost.overdue):
                    place.died(self._clock.monotonic())
                raise
            place.deaths = 0
            return told
        finally:
            self._give_back(place)

    async def look(self) -> Ready:
        """What a worker says of the targets. Raises NoWorker."""
        place = await self._take()
        try:
            await self._manned(place)
        finally:
            self._give_back(place)
        assert self.ready is not None  # noqa: S101 - a manned place has had one that said so
        return self.ready

    async def close(self) -> None:
        """End every worker. A second time does nothing."""
        self._closed = True
        leaving = list(self._everyone)
        for worker in leaving:
            worker.kill("the gateway stops")
        await asyncio.gather(*(worker.wait() for worker in leaving))
        self._everyone.clear()

    async def _take(self) -> Place:
        if self._vacancies.locked() and self._waiting >= self._queue:
            raise NoWorker("too many notifications wait already", FIRST_PAUSE)
        self._waiting += 1
        try:
            await self._vacancies.acquire()
        finally:
            self._waiting -= 1
        # The one with a worker, else the one that is soonest to have one.
        best = min(self._free, key=lambda place: (not place.manned, place.not_before))
        self._free.remove(best)
        return best

    def _give_back(self, place: Place) -> None:
        self._free.append(place)
        self._vacancies.release()

    async def _manned(self, place: Place) -> AppriseWorker:
        if self._closed:
            raise NoWorker("the gateway stops", FIRST_PAUSE)
        if place.manned and place.worker is not None:
            return place.worker
        wait = place.not_before - self._clock.monotonic()
        if wait > 0:
            raise NoWorker("the last process has ended unexpectedly", wait)
        worker = AppriseWorker()
        self._everyone = {other for other in self._everyone if not other.gone} | {worker}
        try:
            self.ready = await worker.start(self._load, self._ca_file)
        except (Lost, OSError) as error:
            place.died(self._clock.monotonic())
            wait = place.not_before - self._clock.monotonic()
            raise NoWorker(f"no process could be started: {_why(error)}", wait) from None
        place.worker = worker
        return worker


def _why(error: Lost | OSError) -> str:
    return str(error) if isinstance(error, Lost) else error.strerror or type(error).__name__
