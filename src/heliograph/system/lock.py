"""A lock on a file that the kernel takes away from a process that ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FileLock:
    """Held from `take` to `release`, or to the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """Whether this process has it now; False when another one does."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        self.tell("")
        return True

    def tell(self, text: str) -> None:
        """Leave a word for other processes, until this one lets go."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text.encode(), 0)

    def told(self) -> str:
        """What the process that has it left; empty when there is nothing.

        After a process that was killed its word stays until the next one takes the lock: to look whether it is held, one
        would have to hold it for a moment, and keep it from who wants it just then.
        """
        return self._path.read_text("utf-8", "replace") if self._path.exists() else ""

    def release(self) -> None:
        """Let go; a second time does nothing."""
        if self._file is not None:
            self.tell("")
            os.close(self._file)
            self._file = None
