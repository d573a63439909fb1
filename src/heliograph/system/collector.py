"""The garbage collector, told that this is a server: what is there at the start stays, and what comes later dies young."""

from __future__ import annotations

import gc

#: Young objects before a collection (Python's own default, 700, has it run within nearly every request: its
#: pauses made the p99 of accepts twice as long), and how many of those before the older generations are looked at.
THRESHOLDS = (100_000, 50, 100)


def settle() -> None:
    """Take everything made so far out of the collector's sight, and let it look less often from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
