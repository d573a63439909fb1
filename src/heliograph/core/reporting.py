"""The ports by which a channel is told things unasked, and hands them in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, runtime_checkable

import msgspec

from heliograph.core.delivery import Report


class PartOf(msgspec.Struct, frozen=True):
    """Part `number` of `of`, of the text that its sender calls `reference`."""

    reference: str
    of: int
    number: int


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A message that someone outside sent to a channel of ours."""

    sender: str
    text: str
    company_id: int = 0  # 0: that of the message it answers
    user: str = ""  # whose inbox it is for, as the channel's settings say
    to_sender: bool = False  # rather into the inbox of whoever sent what it answers, where that is a user
    to: str = ""  # the number of ours that it was sent to
    answers: tuple[int, int] | None = None  # ids of our message and delivery, where the channel has proof of them
    subject: str = ""
    reference: str = ""  # of a mail: its Message-ID
    format: str = ""
    part: PartOf | None = None  # of a longer text, where the provider hands it in so
    once: str = ""  # printable ASCII: the same when the far side hands it in again; empty: it cannot be known


Take = Callable[[str, Arrival], Awaitable[None]]
"""Keeps what arrived on the channel of that name; it is on disk then. Raises CallerError and Unavailable."""


@runtime_checkable
class Preparing(Protocol):
    """A channel with something to do before the gateway serves."""

    async def prepare(self) -> None:
        """What takes a moment, or shows only now that the set-up is wrong. Raises BadSetting."""


@runtime_checkable
class Listening(Protocol):
    """A channel that is told things unasked, over a connection that has to be there all the time."""

    async def listen(self, take: Take) -> None:
        """Listen from now on until closed. Returns at once; a far side that is not there is tried again and again."""


class Reports(Protocol):
    """Where a channel hands in what its provider says later of a message it took."""

    async def report(self, channel: str, report: Report) -> bool:
        """Whether a delivery is known by one of the ids; then it is on disk. Raises Unavailable."""

    async def adopt(self, channel: str, report: Report) -> bool:
        """Take a receipt whose ids nobody knows for that of the one message to its address whose answer was lost.

        Whether there is exactly one such; then it is on disk. Raises Unavailable.
        """


class ProviderCall(msgspec.Struct, frozen=True):
    """What a provider sent when it called us over HTTP."""

    query: str
    body: bytes
    headers: Mapping[str, str] = {}  # names in lower case


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a person who looks at a callback's address is asked, and the one field that says yes."""

    title: str
    text: str
    button: str
    field: tuple[str, str]
    done: str  # what is said afterwards


@runtime_checkable
class Offering(Protocol):
    """A channel whose callbacks people make too, by a link they were sent."""

    def offer(self, query: str) -> Offer:
        """Looking changes nothing. Raises NotAuthenticated for an address that was not given out."""


@runtime_checkable
class Receiving(Protocol):
    """A channel whose provider hands in messages from outside by calling us over HTTP."""

    def arrived(self, call: ProviderCall) -> list[Arrival]:
        """The messages in such a call; empty when it holds none. Raises NotAuthenticated, and NotFound where nobody takes
        them."""

    def answer(self) -> tuple[str, str]:
        """Type and text of what the provider wants to hear once they are kept."""


@runtime_checkable
class Parking(Protocol):
    """A channel that keeps, for a while, receipts which speak of no message of ours yet, and looks at them again."""

    async def park(self, report: Report) -> bool:
        """Whether there was room; then it is on disk. Raises Unavailable."""


@runtime_checkable
class Joining(Protocol):
    """A channel whose provider hands in long texts as parts."""

    async def join(self, arrival: Arrival) -> None:
        """Keep a part; it is on disk then, and the text handed on once it is whole. Raises CallerError and Unavailable."""


@runtime_checkable
class CalledBack(Protocol):
    """A channel whose provider reports by calling us over HTTP."""

    def called_back(self, call: ProviderCall) -> list[Report]:
        """The final receipts in such a call; empty when it tells of messages still on the way.

        Raises NotAuthenticated for a call that the provider did not make, Malformed for one that holds no receipt.
        """
