"""A store that a test can make unavailable or slow, for as long as it likes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from heliograph.core.errors import Unavailable


class Flaky:
    """Stands before any store port. What is made to fail raises Unavailable, and nothing of the call happens."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self._down: set[str] = set()
        self._held: dict[str, asyncio.Event] = {}
        self._delayed: dict[str, asyncio.Event] = {}
        self._chokes: dict[str, Callable[..., bool]] = {}
        self.asked: list[str] = []  # the methods that were called, in order
        self.refused: list[str] = []  # the methods that were refused, in order

    def fail(self, *methods: str) -> None:
        """From now on refuse these methods."""
        self._down.update(methods)

    def hold(self, method: str) -> None:
        """From now on carry out calls of this method, and answer them only when healed."""
        self._held.setdefault(method, asyncio.Event())

    def delay(self, method: str) -> None:
        """From now on carry out calls of this method only when healed."""
        self._delayed.setdefault(method, asyncio.Event())

    def choke(self, method: str, on: Callable[..., bool]) -> None:
        """From now on fail in a way no port should, when `on` says so of the arguments."""
        self._chokes[method] = on

    def heal(self) -> None:
        """From now on refuse, delay and hold nothing."""
        self._down.clear()
        self._chokes.clear()
        for kept in (self._delayed, self._held):
            for event in kept.values():
                event.set()
            kept.clear()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def guarded(*args: Any, **kwargs: Any) -> Any:
            self.asked.append(name)
            if name in self._delayed:
                await self._delayed[name].wait()
            if name in self._chokes and self._chokes[name](*args, **kwargs):
                raise RuntimeError("the store chokes")
            if name in self._down:
                self.refused.append(name)
                raise Unavailable("The disk is full.")
            answer = await method(*args, **kwargs)
            if name in self._held:
                await self._held[name].wait()
            return answer

        return guarded
