"""Counts events by kind, channel and outcome, and how long what they tell of took."""

from __future__ import annotations

import re
from functools import cache

from heliograph.core.events import (
    AttemptMade,
    DeliverySettled,
    Event,
    MessageAccepted,
    MessageAnswered,
    QuotaReached,
    ReceiptCame,
    ScriptDisabled,
    ScriptFailed,
    SecondWayTaken,
)
from heliograph.core.lifecycle import State
from heliograph.core.ports import Clock
from heliograph.core.standing import Trouble
from heliograph.observe.histogram import ACCEPTING, DELIVERING, TRYING, Histogram, Histograms

Key = tuple[str, str, str]  # event in snake case; channel or script; outcome, state or scripting event

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
_WORDS = {state: state.value for state in State}
_ARRIVED = frozenset({State.SENT, State.DELIVERED})


@cache
def event_word(kind: type[Event]) -> str:
    """The event's name as counters call it: attempt_made."""
    return _WORD_START.sub("_", kind.__name__).lower()


class Counters:
    """Port `Observer`. Numbers only grow, from 0 at the process's start."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._counts: dict[Key, int] = {}
        self._attempt_word, self._settled_word = event_word(AttemptMade), event_word(DeliverySettled)
        self.deliveries = 0  # of all messages accepted
        self.accepting = Histogram(ACCEPTING)
        self.trying = Histograms(TRYING)
        self.delivering = Histograms(DELIVERING)  # of those that were taken
        self.troubles: dict[str, Trouble] = {}  # by channel

    def saw(self, event: Event) -> None:
        """Count it."""
        key = self._key(event)
        self._counts[key] = self._counts.get(key, 0) + 1

    def _key(self, event: Event) -> Key:
        if type(event) is AttemptMade:  # this one and the next come with every delivery
            self.trying[event.channel].add(event.took_ms / 1000)
            if event.outcome != "accepted":
                self._troubled(event)
            return (self._attempt_word, event.channel, event.outcome)
        if type(event) is DeliverySettled:
            if event.state in _ARRIVED:
                self.delivering[event.channel].add(event.age)
            return (self._settled_word, event.channel, _WORDS[event.state])
        word = event_word(type(event))
        if isinstance(event, MessageAccepted):
            self.deliveries += event.deliveries
            self.accepting.add(event.took)
            return (word, "", "")
        if isinstance(event, MessageAnswered):
            return (word, "", "")
        if isinstance(event, ScriptFailed):
            return (word, event.script, event.event)
        if isinstance(event, ScriptDisabled):
            return (word, event.script, "")
        if isinstance(event, SecondWayTaken):
            return (word, event.channel, event.reason)
        if isinstance(event, QuotaReached):
            return (word, event.channel, event.limit)
        if isinstance(event, ReceiptCame):
            return (word, event.channel, event.happening.value if event.happening is not None else "unknown")
        return (word, event.channel, "")

    def _troubled(self, event: AttemptMade) -> None:
        now = self._clock.now() if self._clock is not None else 0
        self.troubles[event.channel] = Trouble(now, event.outcome, event.detail)

    def snapshot(self) -> dict[Key, int]:
        """All counts as of now, in order of their keys."""
        return dict(sorted(self._counts.items()))
