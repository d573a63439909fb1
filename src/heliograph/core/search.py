"""What an operator looks for among messages, and what was found of it."""

from __future__ import annotations

import msgspec

from heliograph.core.lifecycle import State
from heliograph.core.message import Message

LOOKED_AT = 50_000  # messages one search looks at, so that it takes a fraction of a second however many there are


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """All that is set must hold; state, channel and recipient of one and the same delivery."""

    company_id: int | None = None
    state: State | None = None
    channel: str = ""
    recipient: str = ""  # part of an address that is no device's token, or a provider's id; without regard to case
    associate_id: int | None = None  # or this user, where `recipient` names one
    since: int = 0  # ms since the epoch
    until: int = 2**62  # ms since the epoch, inclusive
    most: int = LOOKED_AT

    @property
    def of_deliveries(self) -> bool:
        """Whether deliveries have to be looked at."""
        return bool(self.state or self.channel or self.recipient)


class Found(msgspec.Struct, frozen=True):
    """Messages, and the id below which the search goes on; None when everything has been looked at."""

    messages: tuple[Message, ...]
    further: int | None
