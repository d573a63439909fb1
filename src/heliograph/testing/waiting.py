"""Waiting for what is on its way: as long as it takes, for only a test that fails waits to the end."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

_Found = TypeVar("_Found")

PATIENCE = 60.0  # seconds; a busy machine may stand still for many of them


@overload
async def until(
    look: Callable[[], Awaitable[_Found]], good: Callable[[_Found], Any] = ..., *, within: float = ...
) -> _Found: ...


@overload
async def until(look: Callable[[], _Found], good: Callable[[_Found], Any] = ..., *, within: float = ...) -> _Found: ...


async def until(look: Callable[[], Any], good: Callable[[Any], Any] = bool, *, within: float = PATIENCE) -> Any:
    """What `look` finds, once it is good. Raises AssertionError with what was found last."""
    end = time.monotonic() + within
    while True:
        found = look()
        if inspect.isawaitable(found):
            found = await found
        if good(found):
            return found
        assert time.monotonic() < end, f"after {within:.0f} s there was still {repr(found)[:2000]}"
        await asyncio.sleep(0.01)
