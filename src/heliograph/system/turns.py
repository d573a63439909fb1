"""One at a time: who reads something, changes it and writes it has it alone for so long, within this process."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary


class InProcessTurns:
    """Port `Turns`. What nobody has or waits for costs no memory."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    def alone(self, what: Hashable) -> asyncio.Lock:
        """To be held with `async with`, in order of arrival."""
        return self._locks.setdefault(what, asyncio.Lock())
