"""What providers say later of the messages they took, told to the deliveries."""

from __future__ import annotations

from heliograph.core.delivery import Delivery, Record, Report
from heliograph.core.ports import Clock, Outbox


class ProviderReports:
    """Port `Reports` over the outbox."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def report(self, channel: str, report: Report) -> bool:
        """Whether a delivery is known by one of the ids; then it is recorded. Raises Unavailable.

        A report that comes twice, or that the delivery's state leaves no room for, moves nothing and is no error.
        """
        found = _meant(await self._outbox.known(channel, report.ids), report)
        if not found:
            return False
        now = self._clock.now()
        await self._outbox.record(
            [
                Record(delivery_id=delivery.id, happening=report.happening, at=now, detail=report.detail)
                for delivery in found
            ]
        )
        return True


def _meant(found: list[Delivery], report: Report) -> list[Delivery]:
    """Of several, those to the address that is named, by the id as it came."""
    to = [d for d in found if d.address == report.address] if report.address else []
    exact = [d for d in to or found if d.provider_id == report.ids[0]]
    return exact or to or found
