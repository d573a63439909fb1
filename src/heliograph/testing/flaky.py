"""A store that a test can make unavailable, for a while or for the next few calls."""

from __future__ import annotations

from typing import Any

from heliograph.core.errors import Unavailable


class Flaky:
    """Stands before any store port. Methods that are `down` raise Unavailable and nothing of the call happens."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self._down: set[str] = set()
        self.refused: list[str] = []  # the methods that were refused, in order

    def fail(self, *methods: str) -> None:
        """From now on refuse these methods."""
        self._down.update(methods)

    def heal(self) -> None:
        """From now on refuse nothing."""
        self._down.clear()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def guarded(*args: Any, **kwargs: Any) -> Any:
            if name in self._down:
                self.refused.append(name)
                raise Unavailable("The disk is full.")
            return await method(*args, **kwargs)

        return guarded
