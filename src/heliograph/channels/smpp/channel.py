"""Hands SMS to a message centre over SMPP; one try submits every part of one message."""

from __future__ import annotations

import ssl

from heliograph.channels.plugin import Plugin, Tools
from heliograph.channels.smpp.answers import Reader
from heliograph.channels.smpp.hearing import Hearing
from heliograph.channels.smpp.link import BindRefused, Down, Link
from heliograph.channels.smpp.pdu import Bind
from heliograph.channels.smpp.session import Limits, NoAnswer, NotSent, Session
from heliograph.channels.smpp.settings import SmppSettings
from heliograph.channels.smpp.submits import Default, Long, submits
from heliograph.channels.sms.letters import FORMATS, Sms, read_letter, resolve
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused
from heliograph.core.ports import Check, Traits
from heliograph.core.reporting import Take

_SPARE = 5.0  # seconds in which a submit that ran out of time says so itself


class SmppChannel:
    """One bind as a transceiver, shared by all messages."""

    def __init__(self, name: str, settings: SmppSettings, tools: Tools) -> None:
        self._settings = settings
        self._answers = Reader()
        self._hearing = Hearing(name, settings, tools)
        self._link = Link(
            settings.host,
            settings.port,
            _tls(settings),
            Bind(
                system_id=settings.system_id,
                password=settings.password.get_secret_value(),
                system_type=settings.system_type,
            ),
            Limits(window=settings.window, answer=settings.answer_timeout, idle=settings.enquire_link),
            self._hearing.heard,
            tools.clock,
        )
        tries = 1 if settings.long is Long.PAYLOAD else settings.max_parts
        self._traits = Traits(
            formats=FORMATS,
            concurrency=settings.window,
            timeout=settings.answer_timeout * (tries + 2) + _SPARE,  # connecting and binding come first
            retry=settings.in_doubt.policy,
        )

    @property
    def traits(self) -> Traits:
        """As many tries at once as the window holds."""
        return self._traits

    async def listen(self, take: Take) -> None:
        """From now on be bound at all times, for receipts and messages come when they like."""
        self._hearing.take = take
        self._link.keep()

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """A number as +4712345678. Raises InvalidArgument."""
        return resolve(to, self._settings.country)

    async def send(self, letter: Letter) -> Outcome:
        """Submit every part, in order, and stop at the first that is not taken."""
        sms = self._sms(letter)
        if isinstance(sms, Refused):
            return sms
        try:
            session = await self._link.session()
        except BindRefused as refusal:
            return Deferred(str(refusal), pause=str(refusal), retry_after=refusal.wait)
        except Down as down:
            return Deferred(str(down), lane=True, retry_after=down.wait)
        return await self._submitted(session, sms, letter.delivery_id)

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

    async def _submitted(self, session: Session, sms: Sms, delivery_id: int) -> Outcome:
        settings = self._settings
        wanted = submits(
            sms,
            # Stable per delivery: parts that are sent again complete those that arrived.
            reference=delivery_id,
            long=settings.long,
            wide=settings.reference == 16,
            default=settings.alphabet,
            receipt=settings.receipts,
        )
        id = ""
        for number, sm in enumerate(wanted, start=1):
            part = f" for part {number} of {len(wanted)}" if len(wanted) > 1 else ""
            try:
                answer = await session.submit(sm)
            except NotSent as failure:
                return Deferred(f"not sent{part}: {failure}")
            except NoAnswer as failure:
                return Deferred(f"in doubt{part}: {failure}", in_doubt=True, retry_after=settings.in_doubt.wait)
            if answer.status:
                return self._answers.outcome(answer.status, part)
            id = answer.id
        self._answers.taken()
        return Accepted(provider_id=id, detail=f"the message centre took {len(wanted)} of {len(wanted)}")


def _tls(settings: SmppSettings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadSetting(f"ca_file {settings.ca_file} cannot be read: {type(error).__name__}.") from None


PLUGIN = Plugin(
    kind="smpp",
    description="Sends SMS through a message centre by SMPP 3.4.",
    settings=SmppSettings,
    build=SmppChannel,
)
