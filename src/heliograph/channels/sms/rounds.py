"""Looks after something every so often, while there is anything to look after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from heliograph.channels.plugin import Log
from heliograph.core.ports import Clock

Look = Callable[[], Awaitable[bool]]
"""One round; whether there is anything left to look after."""


class Rounds:
    """One task, which ends when there is nothing left and begins again when it is woken."""

    def __init__(self, clock: Clock, every: float, look: Look, name: str, log: Log) -> None:
        """`every` is seconds."""
        self._log = log
        self._clock = clock
        self._every = every
        self._look = look
        self._name = name
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def wake(self) -> None:
        """There is something to look after."""
        if not self._closed and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run(), name=self._name)

    async def close(self) -> None:
        """Look no more."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        left = True
        while left:
            await self._clock.sleep(self._every)
            try:
                left = await self._look()
            except Exception as bug:  # of one round: what waits must not wait for ever
                self._log.warning(
                    "A look at what waits failed; it goes on.", reason=self._name, error=type(bug).__name__
                )
