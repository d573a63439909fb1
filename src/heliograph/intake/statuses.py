"""SetDeliveryStatus: what a provider tells about a message it took, brought by a program that speaks for it."""

from __future__ import annotations

from heliograph.config.settings import MessagingSettings
from heliograph.core.delivery import Delivery, Record
from heliograph.core.errors import InvalidArgument, NotFound, UnknownChannel
from heliograph.core.lifecycle import Happening
from heliograph.core.ports import Call, Channels, Clock, Outbox
from heliograph.intake.messaging import DELIVERY_ERROR, ERROR, RECEIVED, REPLIED, SENT

#: What each status (contract section 4) means for a delivery that the provider has taken; None: nothing new.
MEANING: dict[int, Happening | None] = {
    ERROR: Happening.BOUNCED,
    SENT: None,
    DELIVERY_ERROR: Happening.BOUNCED,
    RECEIVED: Happening.ARRIVED,
    REPLIED: Happening.ANSWERED,
}
_LONGEST = 1000


class StatusService:
    """The method of the Messaging agent that is told."""

    def __init__(self, outbox: Outbox, channels: Channels, clock: Clock, settings: MessagingSettings) -> None:
        self._outbox = outbox
        self._channels = channels
        self._clock = clock
        self._settings = settings

    async def set_delivery_status(
        self, call: Call, *, plugin: str, external_message_id: str, status: int, status_description: str
    ) -> None:
        """Record the status for the message that the plugin's provider knows by that id.

        A status that comes twice, or that the delivery's state leaves no room for, changes nothing and is no error.
        Raises UnknownChannel, InvalidArgument for a status that is none, NotFound for an id that no message of the
        caller's company has.
        """
        channel = plugin or self._settings.default_plugin
        if channel not in self._channels:
            configured = ", ".join(self._channels) or "none"
            raise UnknownChannel(f"There is no plugin {channel[:100]!r}. Configured: {configured}.", field="Plugin")
        if status not in MEANING:
            raise InvalidArgument(f"Status {status} is not one of 0 to {max(MEANING)}.", field="Status")
        found = await self._known(call.caller.company_id, channel, external_message_id)
        happening = MEANING[status]
        if happening is not None:
            now, detail = self._clock.now(), status_description[:_LONGEST]
            await self._outbox.record(
                [Record(delivery_id=each.id, happening=happening, at=now, detail=detail) for each in found]
            )

    async def _known(self, company_id: int | None, channel: str, provider_id: str) -> list[Delivery]:
        """The deliveries meant: those of the newest message, where a provider gave an id a second time."""
        known = await self._outbox.known(channel, [provider_id]) if provider_id else []
        own = [delivery for delivery in known if delivery.company_id == company_id]
        if not own:
            raise NotFound(f"No message of {channel!r} has the external id {provider_id[:100]!r}.")
        newest = max(delivery.message_id for delivery in own)
        return [delivery for delivery in own if delivery.message_id == newest]
