"""Which message of ours a message from outside answers: by proof, by its session key, or by the pair of numbers."""

from __future__ import annotations

import re

import msgspec

from heliograph.config.settings import MessagingSettings
from heliograph.core.delivery import Delivery, Record
from heliograph.core.lifecycle import Happening
from heliograph.core.message import Message, Text
from heliograph.core.ports import Clock, Outbox
from heliograph.core.reporting import Arrival
from heliograph.core.threads import Threads
from heliograph.intake.carriers import IncomingMessage

ANSWERED = "answered by its recipient"
_LOOKED_AT = 20  # messages of a session, or to a number, among which the answered one is looked for
_FEWEST = 5  # digits from which on a national form and an international one are taken for the same number
_NUMBER = re.compile(r"\+?[0-9][0-9 ().\-]*", re.ASCII)


class Exchange(msgspec.Struct, frozen=True):
    """A message of ours, and the delivery of it that is answered, where that is known."""

    message: Message
    delivery: Delivery | None = None


class Thread(msgspec.Struct, frozen=True):
    """What messages that follow each other share."""

    session_key: str = ""
    reference: str = ""  # the Message-ID of the mail that is answered


class Conversations:
    """Finds what is answered. All of it within one company."""

    def __init__(self, outbox: Outbox, threads: Threads, clock: Clock, settings: MessagingSettings) -> None:
        self._outbox = outbox
        self._threads = threads
        self._clock = clock
        self._window_ms = int(settings.reply_window * 1000)

    async def begun_by(self, channel: str, arrival: Arrival) -> Exchange | None:
        """What a channel's arrival answers: the delivery that the channel can prove, else the newest text to its sender.

        A text counts for as long as `messaging.reply_window` says, and only if it was from the number that was answered.
        """
        if arrival.answers is not None:
            return await self._proven(channel, *arrival.answers)
        if not (self._window_ms and arrival.to):
            return None
        since = self._clock.now() - self._window_ms
        for address in dict.fromkeys((arrival.sender, f"+{arrival.sender.lstrip('+')}")):
            for delivery in await self._threads.sent_to(
                channel, address, company_id=arrival.company_id, since=since, limit=_LOOKED_AT
            ):
                message = await self._outbox.message(delivery.message_id)
                if message is not None and _was_from(message, arrival.to):
                    return Exchange(message, delivery)
        return None

    async def answered_by(self, company_id: int, incoming: IncomingMessage) -> Exchange | None:
        """What an incoming message answers: the message it names, else the newest of its session."""
        if incoming.parent_messaging_id:
            message = await self._outbox.message(incoming.parent_messaging_id)
            if message is None or message.company_id != company_id:
                return None
            return Exchange(message, await self._delivery_of(message, incoming))
        if not incoming.session_key:
            return None
        session = await self._threads.session(company_id, incoming.session_key, limit=_LOOKED_AT)
        ours = [message for message in session if not _is_inbound(message)]
        deliveries = await self._outbox.deliveries([message.id for message in ours])
        for message in ours:
            for delivery in deliveries:
                if delivery.message_id == message.id and same_address(delivery.address, incoming.from_):
                    return Exchange(message, delivery)
        return Exchange(ours[0]) if ours else None

    def record(self, exchange: Exchange | None) -> tuple[Record, ...]:
        """What it means for the delivery that is answered."""
        if exchange is None or exchange.delivery is None:
            return ()
        now = self._clock.now()
        return (Record(delivery_id=exchange.delivery.id, happening=Happening.ANSWERED, at=now, detail=ANSWERED),)

    async def _proven(self, channel: str, message_id: int, delivery_id: int) -> Exchange | None:
        message = await self._outbox.message(message_id)
        for delivery in await self._outbox.deliveries([message_id]):
            if message is not None and (delivery.id, delivery.channel) == (delivery_id, channel):
                return Exchange(message, delivery)
        return None

    async def _delivery_of(self, message: Message, incoming: IncomingMessage) -> Delivery | None:
        """The delivery to the sender's address; else the only one that went by the same channel."""
        went = await self._outbox.deliveries([message.id])
        went = [d for d in went if not incoming.plugin or d.channel == incoming.plugin]
        to_sender = [d for d in went if same_address(d.address, incoming.from_)]
        found = to_sender or went
        return found[0] if len(found) == 1 else None


async def thread_of(outbox: Outbox, company_id: int, message_id: int) -> Thread:
    """What the message that follows a message of the company's has from it."""
    message = await outbox.message(message_id) if message_id > 0 else None
    if message is None or message.company_id != company_id or not isinstance(message.content, Text):
        return Thread()
    return Thread(message.content.session_key, message.content.reference if message.content.inbound else "")


def session_key(message: Message) -> str:
    """The thread a message is in; empty for none, and for pushes."""
    return message.content.session_key if isinstance(message.content, Text) else ""


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are one: without regard to case, and numbers by their digits, `+47` or not.

    A national form is taken for the international one when that ends with it, its leading zero aside.
    """
    one, other = one.strip(), other.strip()
    if not one or not other:
        return False
    if one.casefold() == other.casefold():
        return True
    if not (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    short, long = sorted((_digits(one), _digits(other)), key=len)
    return short == long or (len(short) >= _FEWEST and long.endswith(short))


def _was_from(message: Message, to: str) -> bool:
    """A text without a sender of its own was from the channel's number, which is the only one that can be answered."""
    content = message.content
    return (
        isinstance(content, Text) and not content.inbound and (not content.sender or same_address(content.sender, to))
    )


def _is_inbound(message: Message) -> bool:
    return isinstance(message.content, Text) and message.content.inbound


def _digits(number: str) -> str:
    return re.sub(r"[^0-9]", "", number).lstrip("0")
