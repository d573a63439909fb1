"""A resolver that says what a test tells it to, and changes its mind as rebinding does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

from heliograph.core.ports import Unreachable


class ScriptedResolver:
    """Port `Resolver`. Each name has one or more answers, given in turn for ever."""

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        """`{"hook.example": [["93.184.216.34"], ["127.0.0.1"]]}` alternates between the two."""
        self._answers = {name: cycle(answers) for name, answers in names.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> list[str]:
        """Raises Unreachable for a name it was not told of."""
        self.asked.append(host)
        if host not in self._answers:
            raise Unreachable("the host name does not resolve: unknown to this test")
        return list(next(self._answers[host]))
