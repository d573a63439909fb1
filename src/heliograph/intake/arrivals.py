"""What someone outside sends to a channel of ours: it comes in as CreateMessage, scripts around it included."""

from __future__ import annotations

from heliograph.core.people import Caller, Door
from heliograph.core.reporting import Arrival
from heliograph.intake.carriers import IncomingMessage
from heliograph.intake.services import Services


class Arrivals:
    """Hands messages to the service that takes them in."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def take(self, channel: str, arrival: Arrival) -> None:
        """Into the user's inbox. Raises what CreateMessage raises: UnknownRecipient, RejectedByHook, Unavailable, ..."""
        message = IncomingMessage(
            to=arrival.user,
            from_=arrival.sender,
            content=arrival.text,
            format=arrival.format,
            plugin=channel,
        )
        caller = Caller(company_id=arrival.company_id, door=Door.CHANNEL)
        await self._services.call("CreateMessage", {"incoming_message": message}, caller)
