"""Reports of which a channel has proof: they name our own delivery, and may end the use of its address."""

from __future__ import annotations

from heliograph.core.delivery import Delivery, Record, Report
from heliograph.core.parts import Parts
from heliograph.core.ports import Clock, Directory, Observer, Outbox, Reports
from heliograph.intake.observed_reports import ObservedReports
from heliograph.intake.reports import ProviderReports


class ProvenReports:
    """Port `Reports`: what is proven goes straight to its delivery, everything else to `rest`."""

    def __init__(self, outbox: Outbox, directory: Directory, clock: Clock, rest: Reports) -> None:
        self._outbox = outbox
        self._directory = directory
        self._clock = clock
        self._rest = rest

    async def report(self, channel: str, report: Report) -> bool:
        """Whether the delivery is there and went by that channel; then it is recorded, and a dead address suppressed.

        The address is suppressed first: whoever reports again after a crash finds the rest still to be done.
        Raises Unavailable.
        """
        if not report.delivery_id:
            return await self._rest.report(channel, report)
        delivery = await self._delivery(channel, report)
        if delivery is None:
            return False
        now = self._clock.now()
        if report.gone:
            await self._directory.suppress(channel, delivery.address, reason=report.detail, now=now)
        record = Record(delivery_id=delivery.id, happening=report.happening, at=now, detail=report.detail)
        await self._outbox.record([record])
        return True

    async def adopt(self, channel: str, report: Report) -> bool:
        """What is proven need not be guessed."""
        return await self._rest.adopt(channel, report)

    async def _delivery(self, channel: str, report: Report) -> Delivery | None:
        for delivery in await self._outbox.deliveries([report.message_id]):
            if (delivery.id, delivery.channel) == (report.delivery_id, channel):
                return delivery
        return None


def reporting(
    outbox: Outbox, directory: Directory, clock: Clock, parts: Parts, observer: Observer | None = None
) -> Reports:
    """Port `Reports`, whole: what is proven, and what is known by a provider's id; told to the observer, if there is one."""
    reports = ProvenReports(outbox, directory, clock, ProviderReports(outbox, clock, parts))
    return reports if observer is None else ObservedReports(reports, observer)
