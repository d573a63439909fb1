"""An observer that remembers."""

from __future__ import annotations

from typing import TypeVar

from heliograph.core.events import Event

E = TypeVar("E", bound=Event)


class Witness:
    """Port `Observer`."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def saw(self, event: Event) -> None:
        """Remember it."""
        self.events.append(event)

    def all(self, kind: type[E]) -> list[E]:
        """Those of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]
