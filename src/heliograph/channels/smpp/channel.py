"""Hands SMS to a message centre over SMPP; one try submits every part of one message."""

from __future__ import annotations

from heliograph.channels.files import trusting
from heliograph.channels.plugin import Plugin, Tools
from heliograph.channels.smpp.carrier import LONGEST_WAIT, Carrier
from heliograph.channels.smpp.hearing import Hearing
from heliograph.channels.smpp.link import BindRefused, Down, Link
from heliograph.channels.smpp.pdu import Bind, Sm
from heliograph.channels.smpp.session import Limits
from heliograph.channels.smpp.settings import SmppSettings
from heliograph.channels.smpp.submits import Default, Long, submits
from heliograph.channels.sms.letters import FORMATS, Sms, read_letter, resolve, units
from heliograph.channels.sms.previews import preview
from heliograph.core.delivery import Address, Letter
from heliograph.core.message import Content
from heliograph.core.outcome import Deferred, Outcome, Refused
from heliograph.core.ports import Check, Traits
from heliograph.core.preview import Preview
from heliograph.core.reporting import Take

_SPARE = 5.0  # seconds in which a submit that ran out of time says so itself


class SmppChannel:
    """One bind as a transceiver, shared by all messages."""

    def __init__(self, name: str, settings: SmppSettings, tools: Tools) -> None:
        self._settings = settings
        self._hearing = Hearing(name, settings, tools)
        self._link = Link(
            settings.host,
            settings.port,
            trusting(f"channels.{name}.ca_file", settings.ca_file) if settings.tls else None,
            Bind(
                system_id=settings.system_id,
                password=settings.password.get_secret_value(),
                system_type=settings.system_type,
            ),
            Limits(window=settings.window, answer=settings.answer_timeout, idle=settings.enquire_link),
            self._hearing.heard,
            tools.clock,
        )
        self._carrier = Carrier(name, settings, self._link, tools)
        tries = 1 if settings.long is Long.PAYLOAD else settings.max_parts
        self._traits = Traits(
            formats=FORMATS,
            addressed_by="phone",
            concurrency=settings.window,
            # Connecting and binding come first.
            timeout=settings.answer_timeout * (tries + 2) + LONGEST_WAIT * tries + _SPARE,
            retry=settings.in_doubt.policy,
        )

    @property
    def traits(self) -> Traits:
        """As many tries at once as the window holds."""
        return self._traits

    async def listen(self, take: Take) -> None:
        """From now on be bound at all times, for receipts and messages come when they like."""
        self._hearing.start(take)
        self._link.keep()

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """A number as +4712345678. Raises InvalidArgument."""
        return resolve(to, self._settings.country)

    def units(self, content: Content) -> int:
        """The SMS that the text needs."""
        settings = self._settings
        return units(content, wide=settings.reference == 16, latin1=settings.alphabet is Default.LATIN1)

    def preview(self, letter: Letter) -> Preview:
        """Parts and alphabet."""
        settings = self._settings
        return preview(self._sms(letter), wide=settings.reference == 16, latin1=settings.alphabet is Default.LATIN1)

    async def send(self, letter: Letter) -> Outcome:
        """Submit every part that was not taken before, in order, and stop at the first that is not taken."""
        sms = self._sms(letter)
        if isinstance(sms, Refused):
            return sms
        try:
            session = await self._link.session()
        except BindRefused as refusal:
            return Deferred(str(refusal), pause=str(refusal), retry_after=refusal.wait)
        except Down as down:
            return Deferred(str(down), lane=True, retry_after=down.wait, charged=False)
        return await self._carrier.carry(session, self._submits(sms, letter.delivery_id), letter)

    async def check(self) -> Check:
        """Connects and binds, or looks at the bind there is; sends nothing."""
        try:
            await self._link.session()
        except Down as down:
            reason = str(down)
            return Check(False, f"{reason[:1].upper()}{reason[1:]}.")
        return Check(True, f"The message centre knows us as {self._settings.system_id}.")

    async def close(self) -> None:
        """Sign off."""
        await self._link.close()
        await self._hearing.close()

    def _sms(self, letter: Letter) -> Sms | Refused:
        settings = self._settings
        sms = read_letter(
            letter,
            sender=settings.sender,
            most_parts=settings.max_parts,
            wide=settings.reference == 16,
            latin1=settings.alphabet is Default.LATIN1,
        )
        if isinstance(sms, Sms) and not sms.sender.value.isascii():
            return Refused("From has letters that SMPP cannot carry")
        return sms

    def _submits(self, sms: Sms, delivery_id: int) -> list[Sm]:
        settings = self._settings
        return submits(
            sms,
            # Stable per delivery: parts that are sent again complete those that arrived.
            reference=delivery_id,
            long=settings.long,
            wide=settings.reference == 16,
            default=settings.alphabet,
            receipt=settings.receipts,
        )


PLUGIN = Plugin(
    kind="smpp",
    description="Sends SMS through a message centre by SMPP 3.4.",
    settings=SmppSettings,
    build=SmppChannel,
)
