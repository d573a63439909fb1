"""Providers that call back: what they say reaches the deliveries, once the channel believes that it is they."""

from __future__ import annotations

import msgspec

from heliograph.core.delivery import Report
from heliograph.core.errors import NotFound
from heliograph.core.ports import Channels
from heliograph.core.reporting import (
    CalledBack,
    Joining,
    Offer,
    Offering,
    Parking,
    ProviderCall,
    Receiving,
    Reports,
    Take,
)


class Heard(msgspec.Struct, frozen=True):
    """What a provider is answered."""

    media: str = "text/plain"
    text: str = "OK\n"


class Callbacks:
    """One address for each channel."""

    def __init__(self, channels: Channels, reports: Reports, take: Take) -> None:
        self._channels = channels
        self._reports = reports
        self._take = take  # where messages from outside go

    def offer(self, name: str, query: str) -> Offer | None:
        """What a person is asked at this address; None where no person calls. Raises NotAuthenticated."""
        channel: object = self._channels.get(name)
        return channel.offer(query) if isinstance(channel, Offering) else None

    async def take(self, name: str, call: ProviderCall) -> Heard:
        """What the provider is answered, once all that it said is on disk.

        Raises NotFound for a channel that takes no calls, and when no receipt speaks of a message of ours: one that
        overtook its message is then sent again by most providers, and parked for those that do not. Raises what
        `CalledBack.called_back` raises, and Unavailable.
        """
        channel: object = self._channels.get(name)
        if isinstance(channel, Receiving) and (arrivals := channel.arrived(call)):
            for arrival in arrivals:
                if arrival.part is not None and isinstance(channel, Joining):
                    await channel.join(arrival)
                else:
                    await self._take(name, arrival)
            return Heard(*channel.answer())
        if not isinstance(channel, CalledBack):
            raise NotFound("No channel takes calls here.")
        receipts = channel.called_back(call)
        kept = [await self._kept(name, channel, receipt) for receipt in receipts]
        if receipts and not any(kept):
            raise NotFound("No message goes by that id here.")
        return Heard()

    async def _kept(self, name: str, channel: object, receipt: Report) -> bool:
        """Whether a message of ours goes by its id. One that overtook its message is parked, where the channel can."""
        if await self._reports.report(name, receipt):
            return True
        if isinstance(channel, Parking):
            await channel.park(receipt)
        return False
