"""What a message centre sends us: receipts are reported, and kept for a while when they come before their message."""

from __future__ import annotations

import asyncio

from heliograph.channels.plugin import Tools
from heliograph.channels.smpp.pdu import Sm, Status
from heliograph.channels.smpp.receipts import read_receipt
from heliograph.channels.smpp.settings import SmppSettings
from heliograph.channels.smpp.submits import read_text
from heliograph.channels.sms.letters import FORMATS
from heliograph.channels.sms.numbers import Kind
from heliograph.core.delivery import Report
from heliograph.core.errors import CallerError, Unavailable
from heliograph.core.reporting import Arrival, Take

PARKED = 600.0  # seconds that a receipt waits for the message it speaks of
AGAIN = 1.0  # seconds between looks
MOST = 10_000  # receipts that wait at once; above it the message centre is asked to come later


class Hearing:
    """One channel's. A message centre gets its answer once the receipt is on disk, or parked."""

    def __init__(self, name: str, settings: SmppSettings, tools: Tools) -> None:
        self._name = name
        self._settings = settings
        self.take: Take | None = None  # where messages from phones go, once the channel listens
        self._reports = tools.reports
        self._clock = tools.clock
        self._log = tools.log
        self._parked: list[tuple[float, Report]] = []  # until when (monotonic seconds), and what
        self._looking: asyncio.Task[None] | None = None

    async def heard(self, sm: Sm) -> int:
        """The command_status to answer a deliver_sm with."""
        if not sm.is_receipt:
            return await self._arrived(sm)
        receipt = read_receipt(sm)
        if receipt is None:
            self._log.warning("A receipt names no message or no state.", channel=self._name)
            return Status.OK  # it would come again, and be no better
        if receipt.happening is None:
            return Status.OK
        report = Report(ids=receipt.ids, happening=receipt.happening, detail=receipt.detail, address=receipt.number)
        try:
            known = await self._reports.report(self._name, report)
        except Unavailable:
            return Status.TRY_LATER
        if known:
            return Status.OK
        return self._park(report)

    async def _arrived(self, sm: Sm) -> int:
        """A message from a phone, each part of a long one by itself."""
        text = read_text(sm, self._settings.alphabet)
        if self.take is None or not self._settings.replies_to or text is None:
            self._log.warning("A message from outside was refused: nobody takes it here.", channel=self._name)
            return Status.REJECTED
        sender = f"+{sm.source}" if sm.source_ton == Kind.INTERNATIONAL.value else sm.source
        arrival = Arrival(
            company_id=self._settings.replies_company,
            user=self._settings.replies_to,
            sender=sender,
            text=text,
            to=sm.to,
            format=FORMATS[0],
        )
        try:
            await self.take(self._name, arrival)
        except Unavailable:
            return Status.TRY_LATER
        except CallerError as error:
            self._log.warning("A message from outside was refused.", channel=self._name, reason=error.code)
            return Status.REJECTED
        return Status.OK

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _park(self, report: Report) -> int:
        if len(self._parked) >= MOST:
            return Status.TRY_LATER
        self._parked.append((self._clock.monotonic() + PARKED, report))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="smpp parked receipts")
        return Status.OK

    async def _look(self) -> None:
        while self._parked:
            await self._clock.sleep(AGAIN)
            waiting, self._parked = self._parked, []
            for until, report in waiting:
                if not await self._reported(report):
                    self._keep(until, report)

    async def _reported(self, report: Report) -> bool:
        try:
            return await self._reports.report(self._name, report)
        except Unavailable:
            return False

    def _keep(self, until: float, report: Report) -> None:
        if self._clock.monotonic() < until:
            self._parked.append((until, report))
        else:
            self._log.warning("A receipt speaks of no message of ours.", channel=self._name)
