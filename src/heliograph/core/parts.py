"""The parts of a message that travels in several, each with an answer and a receipt of its own."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from heliograph.core.lifecycle import Happening


class PartState(StrEnum):
    """What is known of one part."""

    TAKEN = "taken"  # the provider took it
    DOUBT = "doubt"  # it was handed over, and the answer was lost
    ARRIVED = "arrived"  # its receipt says that it arrived
    BOUNCED = "bounced"  # its receipt says that it will not


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of one delivery."""

    delivery_id: int
    number: int  # from 1
    of: int  # how many there are
    channel: str
    address: str
    provider_id: str = ""  # empty while the answer is in doubt
    digest: str = ""  # of what was handed over: another text or form is another part
    state: PartState = PartState.TAKEN
    at: int  # ms since the epoch: when it was handed over


class Parts(Protocol):
    """Parts, kept until their message is removed. Raises Unavailable, as the store's ports do."""

    async def put(self, part: Part) -> None:
        """Keep it in the place of the one with its number. Parts of a division into another count are forgotten."""

    async def of(self, delivery_id: int) -> list[Part]:
        """In order of number."""

    async def known(self, channel: str, provider_ids: Sequence[str]) -> list[Part]:
        """Those that the provider knows by one of these ids, in order of delivery and number."""

    async def doubtful(self, channel: str, address: str) -> list[Part]:
        """Those to that address whose answer was lost, in order of delivery and number."""


def told(parts: Sequence[Part]) -> Happening | None:
    """What the receipts of some or all parts of a delivery mean for it.

    | of its parts                    | the delivery |
    | one or more will not arrive     | BOUNCED      |
    | every one has arrived           | ARRIVED      |
    | anything else                   | nothing yet  |
    """
    states = [part.state for part in parts]
    if PartState.BOUNCED in states:
        return Happening.BOUNCED
    whole = bool(parts) and len(parts) == parts[0].of
    return Happening.ARRIVED if whole and set(states) == {PartState.ARRIVED} else None
