"""The garbage collector, told to look less often: what is there at the start stays, and what comes later dies young."""

from __future__ import annotations

import gc

#: Young objects before a collection (Python's own default, 700, has it run within nearly every request: its
#: pauses made the p99 of accepts twice as long), and how many of those before the older generations are looked at.
THRESHOLDS = (100_000, 50, 100)


def look_rarely() -> None:
    """From now on; before the modules are imported, it spares a command a third of its start (0.6 s became 0.4 s)."""
    gc.set_threshold(*THRESHOLDS)


def settle() -> None:
    """For a server: take everything made so far out of the collector's sight."""
    gc.collect()
    gc.freeze()
    look_rarely()
