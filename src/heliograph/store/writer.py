"""The one thread that writes: takes everything that waits, commits it together, and answers after the commit.

Accepting costs an fsync; 512 callers who wait at once share one. The event loop and this
thread share the Python lock, so the loop wakes the writer once per turn and not once per
job, a batch is one SQL statement (batch.sql), and all callers of a batch are answered by one
call into the loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import apsw

from heliograph.core.errors import Unavailable
from heliograph.store.connection import CHECKPOINT_BUSY_MS, MACHINE_ERRORS, mapped
from heliograph.store.jobs import Batch, Job, Work

T = TypeVar("T")
Outcome = tuple[asyncio.Future[Any], Any, BaseException | None]
CLOSED = "The store is closed."


class Writer:
    """Owns the writing connection. Belongs to the event loop it was made on."""

    def __init__(self, connection: apsw.Connection, *, limit: int, committed: Callable[[], None]) -> None:
        self._connection = connection
        self._limit = limit
        self._committed = committed  # told after each batch, on the writer's thread
        self._loop = asyncio.get_running_loop()
        self._collected: list[Job] = []
        self._handed: SimpleQueue[list[Job] | None] = SimpleQueue()
        self._closing = False
        self._tail_wanted = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def future(self) -> asyncio.Future[Any]:
        """Where a job's answer will be."""
        return self._loop.create_future()

    def put(self, job: Job) -> asyncio.Future[Any]:
        """Have the job done; await the answer. Raises Unavailable when the store is closed."""
        if self._closing:
            raise Unavailable(CLOSED)
        if not self._collected:
            self._loop.call_soon(self._hand_over)
        self._collected.append(job)
        return job.future

    async def run(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run a function of the connection in a transaction of its own."""
        result: T = await self.put(Work(self.future(), work))
        return result

    def want_tail(self) -> None:
        """From any thread: checkpoint between two batches, when the checkpointer cannot keep up beside them."""
        self._tail_wanted = True

    async def close(self) -> None:
        """Finish everything that was put, then checkpoint and close the connection."""
        if not self._closing:
            self._closing = True
            self._hand_over()
            self._handed.put(None)
        while self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        if self._collected:
            self._handed.put(self._collected)
            self._collected = []

    # ------------------------------------------------------------- the writer's thread

    def _run(self) -> None:
        open = True
        while open:
            jobs, open = self._take()
            for start in range(0, len(jobs), self._limit):
                self._report(self._commit(jobs[start : start + self._limit]))
                self._committed()
            if self._tail_wanted:
                self._tail_wanted = False
                self._checkpoint(apsw.SQLITE_CHECKPOINT_PASSIVE)
        self._connection.set_busy_timeout(CHECKPOINT_BUSY_MS)
        self._checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._connection.close()

    def _take(self) -> tuple[list[Job], bool]:
        """Wait for jobs, then take all there are; False with the last ones."""
        jobs: list[Job] = []
        handed = self._handed.get()
        while handed is not None:
            jobs += handed
            try:
                handed = self._handed.get_nowait()
            except Empty:
                return jobs, True
        return jobs, False

    def _commit(self, jobs: list[Job]) -> list[Outcome]:
        together = [job for job in jobs if not isinstance(job, Work)]
        outcomes = self._together(together) if together else []
        return outcomes + [self._alone(job) for job in jobs if isinstance(job, Work)]

    def _together(self, jobs: list[Job]) -> list[Outcome]:
        """One transaction for all; when it fails for a reason of one job's, one for each, so that only that job fails."""
        batch = Batch()
        try:
            for job in jobs:
                job.join(batch)
            batch.apply(self._connection)
        except MACHINE_ERRORS as error:
            return [(job.future, None, mapped(error)) for job in jobs]
        except Exception as error:
            if len(jobs) == 1:
                return [(jobs[0].future, None, mapped(error))]
            return [outcome for job in jobs for outcome in self._together([job])]
        return self._answered(jobs, batch)

    def _answered(self, jobs: list[Job], batch: Batch) -> list[Outcome]:
        """The batch is on disk. Should its answers be unreadable, those who want one are told so, and nobody is retried:

        a lease that nobody heard of lapses, a record or an item put again changes nothing.
        """
        try:
            answers = batch.answers(self._connection)
            return [(job.future, job.answer(answers), None) for job in jobs]
        except Exception as error:
            unread = Unavailable(f"This was kept, but could not be read back: {type(error).__name__}: {error}.")
            return [(job.future, None, unread if job.asks else None) for job in jobs]

    def _alone(self, job: Work) -> Outcome:
        try:
            return job.future, job.run(self._connection), None
        except Exception as error:
            return job.future, None, mapped(error)

    def _checkpoint(self, mode: int) -> None:
        try:
            self._connection.wal_checkpoint(mode=mode)
        except MACHINE_ERRORS:
            return  # the log stays as it is: nothing is lost, and the next checkpoint tries again

    def _report(self, outcomes: list[Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(_settle, outcomes)
        except RuntimeError:
            return  # the loop has ended, so nobody waits any more; what was committed stays


def _settle(outcomes: list[Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():  # its caller was cancelled
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
