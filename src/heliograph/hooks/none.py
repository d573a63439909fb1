"""No scripts at all: what runs until an operator drops one in."""

from __future__ import annotations

from typing import Any

from heliograph.core.ports import Call


class NoHooks:
    """Listens to nothing, so that a call costs one question."""

    def wanted(self, method: str) -> bool:
        return False

    async def before(self, call: Call) -> Any:
        return None

    async def after(self, call: Call, state: Any) -> Any:
        return state

    def after_async(self, call: Call, state: Any) -> None:
        return None

    def given_up(self, call: Call, state: Any) -> None:
        return None
