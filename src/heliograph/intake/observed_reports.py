"""Receipts told to the observer as they come, whoever they turn out to be for."""

from __future__ import annotations

from heliograph.core.delivery import Report
from heliograph.core.events import ReceiptCame
from heliograph.core.ports import Observer, Reports


class ObservedReports:
    """Port `Reports` before another one."""

    def __init__(self, reports: Reports, observer: Observer) -> None:
        self._reports = reports
        self._observer = observer

    async def report(self, channel: str, report: Report) -> bool:
        """Hand it on. Raises Unavailable; then it has not come yet."""
        known = await self._reports.report(channel, report)
        self._observer.saw(ReceiptCame(channel, report.happening if known else None))
        return known

    async def adopt(self, channel: str, report: Report) -> bool:
        """Hand it on: it came before, by ids that nobody knew."""
        return await self._reports.adopt(channel, report)
