"""What a message centre sends us: receipts are reported, messages from phones handed on."""

from __future__ import annotations

from heliograph.channels.plugin import Tools
from heliograph.channels.smpp.inbound import Inbound
from heliograph.channels.smpp.pdu import Sm, Status
from heliograph.channels.smpp.receipts import read_receipt
from heliograph.channels.smpp.settings import SmppSettings
from heliograph.channels.sms.parked import Parked
from heliograph.core.delivery import Report
from heliograph.core.errors import Unavailable
from heliograph.core.reporting import Take


class Hearing:
    """One channel's. A message centre gets its answer once what it brought is on disk."""

    def __init__(self, name: str, settings: SmppSettings, tools: Tools) -> None:
        self._name = name
        self._reports = tools.reports
        self._log = tools.log
        self._parked = Parked(name, tools)
        self._inbound = Inbound(name, settings, tools)

    def start(self, take: Take) -> None:
        """The channel listens: messages go there, and what an earlier process kept is looked at."""
        self._parked.start()
        self._inbound.start(take)

    async def heard(self, sm: Sm) -> int:
        """The command_status to answer a deliver_sm with. Nothing escapes: the connection has to go on hearing."""
        try:
            return await self._heard(sm)
        except Exception as bug:
            self._log.warning(
                "What a message centre sent could not be handled; it is asked to send it again.",
                channel=self._name,
                error=type(bug).__name__,
            )
            return Status.TRY_LATER

    async def _heard(self, sm: Sm) -> int:
        if not sm.is_receipt:
            return await self._inbound.arrived(sm)
        receipt = read_receipt(sm)
        if receipt is None:
            self._log.warning("A receipt names no message or no state.", channel=self._name)
            return Status.OK  # it would come again, and be no better
        if receipt.happening is None:
            return Status.OK
        report = Report(ids=receipt.ids, happening=receipt.happening, detail=receipt.detail, address=receipt.number)
        try:
            known = await self._reports.report(self._name, report) or await self._parked.park(report)
        except Unavailable:
            return Status.TRY_LATER
        return Status.OK if known else Status.TRY_LATER

    async def close(self) -> None:
        """Look no more."""
        await self._parked.close()
        await self._inbound.close()
