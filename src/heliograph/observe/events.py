"""Events to whoever wants them, and to the log."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from heliograph.core.events import (
    AttemptMade,
    ChannelPaused,
    ChannelResumed,
    CostlyText,
    DeliverySettled,
    Event,
    MessageAccepted,
    MessageAnswered,
    ProviderAway,
    QuotaReached,
    ReceiptCame,
    ScriptDisabled,
    ScriptFailed,
    SecondWayTaken,
)
from heliograph.core.lifecycle import State
from heliograph.core.ports import Observer

#: Event to level, stable word and sentence; {} is filled from the event's own members.
LINES: dict[type[Event], tuple[str, str, str]] = {
    MessageAccepted: ("debug", "message_accepted", "A message is on disk."),
    MessageAnswered: ("debug", "message_answered", "A recipient answered a question."),
    AttemptMade: ("debug", "attempt_made", "A delivery was tried."),
    ReceiptCame: ("debug", "receipt_came", "A provider said what became of a message."),
    DeliverySettled: ("debug", "delivery_settled", "A delivery has come to rest."),
    ProviderAway: ("error", "provider_away", "A provider cannot be reached; its channel waits for it."),
    ChannelPaused: ("error", "channel_paused", "A channel is paused: its set-up is wrong."),
    SecondWayTaken: ("info", "second_way_taken", "A message goes another way."),
    QuotaReached: ("warning", "quota_reached", "Messages were refused: a limit is reached."),
    CostlyText: ("info", "costly_text", "A few characters cost SMS; `heliograph message show` tells which."),
    ScriptFailed: ("debug", "script_failed", "A script failed."),
    ScriptDisabled: ("debug", "script_disabled", "A script is disabled."),
    ChannelResumed: ("info", "channel_resumed", "A channel works again."),
}

#: Deliveries that end here deserve an operator's eye.
BAD_ENDS = frozenset({State.FAILED, State.UNDELIVERED, State.EXPIRED})

log = structlog.get_logger(__name__)


class Everyone:
    """An observer that passes events on to several."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def saw(self, event: Event) -> None:
        """Tell each of them, in order."""
        for observer in self._observers:
            observer.saw(event)


class LogEvents:
    """Writes events to the log. `verbose` adds those that come with every delivery."""

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose

    def saw(self, event: Event) -> None:
        """Log it at its level."""
        level, action, sentence = LINES[type(event)]
        if type(event) is DeliverySettled and event.state in BAD_ENDS:
            level = "warning"
        if level == "debug" and not self._verbose:
            return
        getattr(log, level)(sentence, action=action, **msgspec.structs.asdict(event))
