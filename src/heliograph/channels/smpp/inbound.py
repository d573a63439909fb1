"""Messages from phones: a short one is handed on as it comes, the parts of a long one are joined."""

from __future__ import annotations

from heliograph.channels.plugin import Tools
from heliograph.channels.smpp.joints import Joint, bare, joint
from heliograph.channels.smpp.pdu import Sm, Status
from heliograph.channels.smpp.settings import SmppSettings
from heliograph.channels.smpp.submits import read_text
from heliograph.channels.sms.joiner import Fragment, Joiner, Whole, text_name
from heliograph.channels.sms.letters import FORMATS
from heliograph.channels.sms.numbers import Kind
from heliograph.core.errors import CallerError, Unavailable
from heliograph.core.reporting import Arrival, Take


class Inbound:
    """One channel's. A message centre gets its answer once what it brought is on disk."""

    def __init__(self, name: str, settings: SmppSettings, tools: Tools) -> None:
        self._name = name
        self._settings = settings
        self._clock = tools.clock
        self._log = tools.log
        self._joiner = Joiner(name, tools, self._text)
        self._take: Take | None = None  # where messages go, once the channel listens

    def start(self, take: Take) -> None:
        """From now on hand messages on, those that an earlier process left unfinished included."""
        self._take = take
        self._joiner.start(self._handed)

    async def close(self) -> None:
        """Wait for no more parts."""
        await self._joiner.close()

    async def arrived(self, sm: Sm) -> int:
        """The command_status to answer a deliver_sm with."""
        text = read_text(sm.data_coding, bare(sm), self._settings.alphabet)
        if self._take is None or not self._settings.replies_to or text is None:
            self._log.warning("A message from outside was refused: nobody takes it here.", channel=self._name)
            return Status.REJECTED
        place = joint(sm)
        try:
            if place is None:
                await self._handed(Whole(_sender(sm), sm.to, text, ""))
            else:
                await self._joiner.keep(_fragment(sm, place, self._clock.now()))
        except Unavailable:
            return Status.TRY_LATER
        except CallerError as error:
            self._log.warning("A message from outside was refused.", channel=self._name, reason=error.code)
            return Status.REJECTED
        return Status.OK

    def _text(self, coding: int, data: bytes) -> str:
        return read_text(coding, data, self._settings.alphabet) or ""

    async def _handed(self, whole: Whole) -> None:
        """Raises CallerError and Unavailable."""
        if self._take is None:
            raise Unavailable("The channel does not listen yet.")
        await self._take(
            self._name,
            Arrival(
                company_id=self._settings.replies_company,
                user=self._settings.replies_to,
                sender=whole.sender,
                text=whole.text,
                to=whole.to,
                format=FORMATS[0],
                once=whole.once,
            ),
        )


def _sender(sm: Sm) -> str:
    return f"+{sm.source}" if sm.source_ton == Kind.INTERNATIONAL.value else sm.source


def _fragment(sm: Sm, place: Joint, now: int) -> Fragment:
    name = text_name(sm.source_ton, sm.source, sm.to, place.reference, place.of)
    return Fragment(name, place.number, place.of, _sender(sm), sm.data_coding, bare(sm), now, sm.to)
