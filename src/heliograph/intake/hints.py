"""Tells an operator of texts that cost more SMS than they need."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.core.events import CostlyText
from heliograph.core.lifecycle import State
from heliograph.core.message import Text
from heliograph.core.ports import Channels, Observer
from heliograph.intake.previews import preview
from heliograph.intake.submit import Accepted

_ONE_PART = 70  # characters that are one SMS in any alphabet


class Hints:
    """Looks at what was accepted, once the caller's messages are safe."""

    def __init__(self, channels: Channels, observer: Observer) -> None:
        self._channels = channels
        self._observer = observer

    def look(self, accepted: Sequence[Accepted]) -> None:
        """Short texts, and those in plain ASCII, cost nothing but this look."""
        for item in accepted:
            content = item.message.content
            if not isinstance(content, Text) or len(content.body) <= _ONE_PART or _plain(content.body):
                continue
            for delivery in item.deliveries:
                seen = preview(self._channels, item.message, delivery) if delivery.state is State.QUEUED else None
                if seen is not None and seen.hint:
                    self._observer.saw(CostlyText(item.message.id, delivery.channel, seen.parts))


def _plain(text: str) -> bool:
    """Whether it is ASCII as the GSM alphabet has it, which lacks one character of it that people write."""
    return text.isascii() and "`" not in text
