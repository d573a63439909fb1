"""What becomes of a mail that came in: whose token its address has decides, and without one it is nobody's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from typing import TypeVar

from heliograph.channels.email.inbound.bounces import Verdict, read_bounce
from heliograph.channels.email.inbound.replies import is_automatic, once, read_reply
from heliograph.channels.email.mailbox import domain
from heliograph.channels.email.payload import PLAIN
from heliograph.channels.email.settings import EmailSettings
from heliograph.channels.email.tokens import Kind, Meant, Tokens
from heliograph.channels.plugin import Tools
from heliograph.core.delivery import Report
from heliograph.core.errors import CallerError, Unavailable
from heliograph.core.lifecycle import Happening
from heliograph.core.reporting import Arrival, Take

_Read = TypeVar("_Read")

MOST_BOUNDARIES = 50  # nested or not: a mail with more parts than that nobody wrote
READERS = 2  # mails that are read at once
TAKEN, LATER, REFUSED = "250 2.0.0 Taken", "451 4.3.0 Try again later", "554 5.6.0 Not taken"
UNSUBSCRIBED = "the recipient wants no more of these mails"

_HAPPENING = {
    Verdict.GONE: Happening.BOUNCED,
    Verdict.BOUNCED: Happening.BOUNCED,
    Verdict.ARRIVED: Happening.ARRIVED,
    Verdict.NOTED: Happening.NOTED,
}
#: What a mail server did, by the action that its report names.
_DID = {
    "failed": "could not deliver it",
    "delayed": "is still trying",
    "delivered": "delivered it",
    "relayed": "passed it on to one that does not report",
    "expanded": "passed it on to a list",
}


class Unreadable(Exception):
    """The mail is built so that it cannot be read."""


class Hearing:
    """One channel's: it knows addresses with a token of ours, and takes mail to them."""

    def __init__(self, name: str, settings: EmailSettings, tokens: Tokens, tools: Tools) -> None:
        self._name = name
        self._settings = settings
        self._tokens = tokens
        self._reports = tools.reports
        self._log = tools.log
        self._readers = ThreadPoolExecutor(
            READERS, thread_name_prefix="mail-reader"
        )  # none started before there is mail
        self.take_in: Take | None = None  # where answers go, once the channel listens
        self._addresses = {
            Kind.BOUNCE: settings.bounce_address,
            Kind.REPLY: settings.reply_address,
            Kind.UNSUBSCRIBE: settings.unsubscribe_address,
        }

    def meant(self, recipient: str) -> Meant | None:
        """What mail to that address speaks of; None when it is none of ours, or its token is not proven."""
        local, _, host = recipient.rpartition("@")
        name, _, token = local.partition("+")
        meant = self._tokens.read(token)
        if meant is None:
            return None
        ours = self._addresses[meant.kind]
        same = (name.lower(), host.lower()) == (ours.rpartition("@")[0].lower(), domain(ours).lower())
        return meant if ours and same else None

    def known(self, recipient: str) -> bool:
        """Whether mail to that address is ours."""
        return self.meant(recipient) is not None

    async def take(self, sender: str, recipient: str, content: bytes) -> str:
        """The answer to a whole mail; 250 only once what it says is on disk, or is nothing."""
        meant = self.meant(recipient)
        if meant is None or content.lower().count(b"boundary") > MOST_BOUNDARIES:
            return REFUSED
        try:
            match meant.kind:
                case Kind.BOUNCE:
                    return await self._bounced(meant, content)
                case Kind.UNSUBSCRIBE:
                    await self.unsubscribed(meant)
                    return TAKEN
                case Kind.REPLY:
                    return await self._replied(meant, sender, recipient, content)
        except Unavailable:
            return LATER
        except Unreadable as trouble:
            self._log.warning("A mail could not be read.", channel=self._name, reason=str(trouble))
            return REFUSED

    def unsubscribing(self, meant: Meant) -> Report:
        """A wish to get no more: whoever has it has had the mail."""
        return Report(
            happening=Happening.ARRIVED,
            detail=UNSUBSCRIBED,
            message_id=meant.message_id,
            delivery_id=meant.delivery_id,
            gone=True,
        )

    async def unsubscribed(self, meant: Meant) -> None:
        """Raises Unavailable."""
        if not await self._reports.report(self._name, self.unsubscribing(meant)):
            self._unknown("unsubscribed")

    def close(self) -> None:
        """Read no more."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    async def _read(self, read: Callable[[], _Read]) -> _Read:
        """On threads of our own: a mail that takes long holds up other mails, and nothing else. Raises Unreadable."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, _guarded, read)

    async def _bounced(self, meant: Meant, content: bytes) -> str:
        bounce = await self._read(lambda: read_bounce(_parsed(content)))
        if bounce is None:
            self._log.warning("A mail to a bounce address is no report that can be read.", channel=self._name)
            return TAKEN
        report = Report(
            happening=_HAPPENING[bounce.verdict],
            detail=f"a mail server {_DID[bounce.action]}: {bounce.words}",
            message_id=meant.message_id,
            delivery_id=meant.delivery_id,
            gone=bounce.verdict is Verdict.GONE,
        )
        if not await self._reports.report(self._name, report):
            self._unknown("bounced")
        return TAKEN

    async def _replied(self, meant: Meant, sender: str, recipient: str, content: bytes) -> str:
        arrival = await self._read(lambda: self._arrival(meant, sender, recipient, content))
        if arrival is None:
            self._log.info("An automatic answer was not taken in.", channel=self._name)
            return TAKEN
        if self.take_in is None:
            return LATER
        try:
            await self.take_in(self._name, arrival)
        except CallerError as error:
            self._log.warning("A message from outside was refused.", channel=self._name, reason=error.code)
            return "550 5.7.1 Nobody takes this message"
        return TAKEN

    def _arrival(self, meant: Meant, sender: str, recipient: str, content: bytes) -> Arrival | None:
        message = _parsed(content)
        if is_automatic(message, sender):
            return None
        written = read_reply(message, sender)
        return Arrival(
            sender=written.sender,
            text=written.text,
            subject=written.subject,
            reference=written.reference,
            user=self._settings.replies_to,
            to_sender=True,
            answers=(meant.message_id, meant.delivery_id),
            format=PLAIN,
            once=once(message, recipient, content),
        )

    def _unknown(self, what: str) -> None:
        self._log.info("A mail speaks of a message that is not here any more.", channel=self._name, reason=what)


def _guarded(read: Callable[[], _Read]) -> _Read:
    """Raises Unreadable for whatever the standard library's parser makes of a hostile mail."""
    try:
        return read()
    except Exception as error:
        raise Unreadable(type(error).__name__) from error


def _parsed(content: bytes) -> Message:
    # compat32: the newer policies parse every field by a grammar, which hostile ones make slow or break
    return message_from_bytes(content, policy=compat32)
