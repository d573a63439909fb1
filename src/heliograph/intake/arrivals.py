"""What someone outside sends to a channel of ours: it comes in as CreateMessage, scripts around it included."""

from __future__ import annotations

from typing import Any

from heliograph.core.errors import StillRunning, Unavailable, UnknownRecipient
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Call, Directory
from heliograph.core.replay import Replaying
from heliograph.core.reporting import Arrival
from heliograph.intake.carriers import IncomingMessage
from heliograph.intake.conversations import Conversations, Exchange, session_key
from heliograph.intake.once import Once, Reply
from heliograph.intake.services import Services

_SAID = (0, "", b"", ())  # nobody reads the answer to an arrival; kept so that a repetition finds one


class Arrivals:
    """Hands messages to the service that takes them in, with what is known of the message they answer."""

    def __init__(self, services: Services, conversations: Conversations, directory: Directory, once: Once) -> None:
        self._services = services
        self._conversations = conversations
        self._directory = directory
        self._once = once

    async def take(self, channel: str, arrival: Arrival) -> None:
        """Into the user's inbox, once for each `once`.

        Raises what CreateMessage raises: UnknownRecipient, RejectedByHook, Unavailable, ...
        """
        exchange = await self._conversations.begun_by(channel, arrival)
        company_id = arrival.company_id or (exchange.message.company_id if exchange is not None else 0)
        user = await self._user(arrival, exchange)
        if not company_id or not user:
            raise UnknownRecipient("Nobody here takes this message.", field="To")
        message = IncomingMessage(
            to=user,
            from_=arrival.sender,
            content=arrival.text,
            format=arrival.format,
            session_key=session_key(exchange.message) if exchange is not None else "",
            plugin=channel,
            parent_messaging_id=exchange.message.id if exchange is not None else 0,
            subject=arrival.subject,
            reference=arrival.reference,
        )
        caller = Caller(company_id=company_id, door=Door.CHANNEL)

        async def call(replay: Replaying | None) -> Call:
            return await self._services.call("CreateMessage", {"incoming_message": message}, caller, replay)

        try:
            await self._once.answer(arrival.once or None, caller, (channel, arrival.once), call, _said)
        except StillRunning as running:
            raise Unavailable(running.detail) from None  # whoever hands it in twice at once is to come again

    async def _user(self, arrival: Arrival, exchange: Exchange | None) -> str:
        if not arrival.to_sender or exchange is None or exchange.message.sender_id is None:
            return arrival.user
        sender = await self._directory.user(exchange.message.sender_id)
        there = sender is not None and sender.active and sender.company_id == exchange.message.company_id
        return sender.user_name if sender is not None and there else arrival.user


def _said(result: Any, notes: dict[str, str]) -> Reply:
    return _SAID
