"""The checkpointer ends when it is told to, whatever it is doing at that moment."""

from __future__ import annotations

import threading
from typing import Any

from heliograph.store.checkpoint import Checkpointer

SOON = 5.0  # seconds


class SlowDisk:
    """As much of a connection as the checkpointer uses; a look at the log takes until the test says so."""

    def __init__(self) -> None:
        self.looking, self.may_answer, self.closed = threading.Event(), threading.Event(), threading.Event()

    def wal_checkpoint(self, *, mode: int) -> tuple[int, int]:
        self.looking.set()
        self.may_answer.wait(SOON)
        return 0, 0

    def close(self) -> None:
        self.closed.set()


def test_told_to_stop_while_it_looks_at_the_log_it_stops_after_that_look() -> None:
    disk: Any = SlowDisk()
    checkpointer = Checkpointer(disk, pages=100, want_tail=lambda: None)
    checkpointer.committed()
    assert disk.looking.wait(SOON)
    closer = threading.Thread(target=checkpointer.close, daemon=True)
    closer.start()
    closer.join(0.1)  # by now it has said what it wants, and waits
    assert closer.is_alive()
    disk.may_answer.set()
    closer.join(SOON)
    assert not closer.is_alive()
    assert disk.closed.is_set()
