"""What is worked out once for a message that goes to many devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from heliograph.core.message import Message

_Made = TypeVar("_Made")
_MOST = 64  # messages remembered


class Memo(Generic[_Made]):
    """Answers `make(message)`, kept for the latest messages; what `make` raises is not kept."""

    def __init__(self, make: Callable[[Message], _Made]) -> None:
        self._make = make
        self._kept: dict[int, tuple[Message, int, _Made]] = {}

    def of(self, message: Message, second: int = 0) -> _Made:
        """The answer for this message, compared in full: an operator may have changed its time to live.

        Where the answer depends on the time, `second` says which: another one, and it is made anew.
        """
        kept = self._kept.get(message.id)
        if kept is not None and kept[1] == second:
            if kept[0] is message:
                return kept[2]
            if kept[0] == message:  # read anew with the next deliveries, which will all have this one
                self._kept[message.id] = message, second, kept[2]
                return kept[2]
        made = self._make(message)
        if len(self._kept) >= _MOST:
            self._kept.pop(next(iter(self._kept)))
        self._kept[message.id] = message, second, made
        return made
