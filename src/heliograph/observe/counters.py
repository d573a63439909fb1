"""Counts events by kind, channel and outcome."""

from __future__ import annotations

import re
from functools import cache

from heliograph.core.events import (
    AttemptMade,
    DeliverySettled,
    Event,
    MessageAccepted,
    MessageAnswered,
    ScriptDisabled,
    ScriptFailed,
)

Key = tuple[str, str, str]  # event in snake case; channel or script; outcome, state or scripting event

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


@cache
def event_word(kind: type[Event]) -> str:
    """The event's name as counters call it: attempt_made."""
    return _WORD_START.sub("_", kind.__name__).lower()


class Counters:
    """Port `Observer`. Numbers only grow, from 0 at the process's start."""

    def __init__(self) -> None:
        self._counts: dict[Key, int] = {}
        self._attempt_word = event_word(AttemptMade)

    def saw(self, event: Event) -> None:
        """Count it."""
        key = self._key(event)
        self._counts[key] = self._counts.get(key, 0) + 1

    def _key(self, event: Event) -> Key:
        if type(event) is AttemptMade:  # the one that comes with every delivery
            return (self._attempt_word, event.channel, event.outcome)
        word = event_word(type(event))
        if isinstance(event, MessageAccepted | MessageAnswered):
            return (word, "", "")
        if isinstance(event, ScriptFailed):
            return (word, event.script, event.event)
        if isinstance(event, ScriptDisabled):
            return (word, event.script, "")
        return (word, event.channel, event.state.value if isinstance(event, DeliverySettled) else "")

    def snapshot(self) -> dict[Key, int]:
        """All counts as of now, in order of their keys."""
        return dict(sorted(self._counts.items()))
