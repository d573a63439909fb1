"""Moves committed pages from the log into the database file, on a thread and a connection of its own.

A checkpoint inside a commit makes that commit's callers wait 40 to 60 ms; beside the commits nobody
waits. Once nothing has been written for a while the log is cut to nothing, so that what retention
removed is gone from the disk too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import apsw

from heliograph.store.connection import MACHINE_ERRORS

LOOK_EVERY = 0.1  # seconds between looks at the log while there are commits
QUIET_AFTER = 1.0  # seconds without a commit after which the log is cut
TAIL_FACTOR = 4  # times the wished size of the log at which the writer is asked to help


class Checkpointer:
    """Runs until closed. `pages` is the length of the log from which on a checkpoint is worth its cost."""

    def __init__(self, connection: apsw.Connection, *, pages: int, want_tail: Callable[[], None]) -> None:
        self._connection = connection
        self._pages = pages
        self._want_tail = want_tail
        self._written = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-checkpoint", daemon=True)
        self._thread.start()

    def committed(self) -> None:
        """Something was written. Cheap when it is known already."""
        if not self._written.is_set():
            self._written.set()

    def close(self) -> None:
        """Stop, and close the connection; blocks for as long as a running checkpoint takes."""
        self._closing.set()
        self._written.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():  # asked first: `_follow` may have cleared the very signal that `close` gave
            self._written.wait()
            if not self._closing.is_set():
                self._follow()
        self._connection.close()

    def _follow(self) -> None:
        """Keep the log short for as long as there are commits; cut it when they end."""
        quiet = 0.0
        while quiet < QUIET_AFTER:
            self._written.clear()
            if self._closing.wait(LOOK_EVERY):
                return
            quiet = 0.0 if self._written.is_set() else quiet + LOOK_EVERY
            self._shorten()
        self._checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def _shorten(self) -> None:
        length, done = self._checkpoint(apsw.SQLITE_CHECKPOINT_NOOP)
        if length - done < self._pages:
            return
        length, _ = self._checkpoint(apsw.SQLITE_CHECKPOINT_PASSIVE)
        if length > self._pages * TAIL_FACTOR:
            # Commits went on meanwhile, so the log could not start over; the writer can move the rest between two.
            self._want_tail()

    def _checkpoint(self, mode: int) -> tuple[int, int]:
        """Pages in the log, and how many of them are in the file; nothing when the log is busy or the disk unwell."""
        try:
            return self._connection.wal_checkpoint(mode=mode)
        except MACHINE_ERRORS:
            return 0, 0
