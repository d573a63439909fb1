"""Hands mail to an SMTP server, one recipient a try, over connections that are kept for a while; and hears what comes back."""

from __future__ import annotations

from urllib.parse import parse_qs

from aiosmtplib.errors import SMTPException, SMTPResponseException
from msgspec.structs import replace

from heliograph.channels.email.addresses import Addresses
from heliograph.channels.email.answers import Meaning, Step, meaning, plain
from heliograph.channels.email.handover import failed, is_dead, options
from heliograph.channels.email.inbound.hearing import Hearing
from heliograph.channels.email.inbound.listener import Listener
from heliograph.channels.email.inbound.session import Limits
from heliograph.channels.email.mailbox import domain, read_mailbox
from heliograph.channels.email.payload import FORMATS, WHOLE, Mail, Unfit, mail, message_id
from heliograph.channels.email.pool import Line, Pool, Talk, goodbye
from heliograph.channels.email.settings import EmailSettings
from heliograph.channels.email.standing import Standing
from heliograph.channels.email.tokens import Kind, Meant, Tokens
from heliograph.channels.email.whole import whole
from heliograph.channels.files import trusting
from heliograph.channels.plugin import Plugin, Tools
from heliograph.core.delivery import Address, Letter, Report
from heliograph.core.errors import BadSetting, InvalidArgument, Malformed, NotAuthenticated
from heliograph.core.message import Text
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused
from heliograph.core.ports import Check, Traits
from heliograph.core.preview import Preview
from heliograph.core.reporting import Offer, ProviderCall, Take
from heliograph.core.retry import RetryPolicy

_MINUTE, _HOUR = 60.0, 3600.0

#: RFC 5321 section 4.5.4.1: tries at least 30 minutes apart, giving up after four to five days; the first wait is shorter,
#: for servers that look whether we come back. Each may be a tenth shorter: so the second is 34 minutes.
SCHEDULE = (
    6 * _MINUTE, 34 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 16 * _HOUR, 24 * _HOUR, 24 * _HOUR, 24 * _HOUR,
)  # fmt: skip
_ANSWERS_A_MAIL = 9  # greeting, EHLO, TLS, EHLO, sign-in, sender, recipient, content, RSET: each has the time limit
ONE_CLICK = "List-Unsubscribe=One-Click"


class EmailChannel:
    """One try is one mail on a connection of its own or on one that is kept."""

    def __init__(self, name: str, settings: EmailSettings, tools: Tools) -> None:
        self._name = name
        self._settings = settings
        self._clock = tools.clock
        self._answer_link = tools.answer_link
        self._tls = trusting(f"channels.{name}.ca_file", settings.ca_file)
        hello = settings.hello or domain(settings.sender)
        self._pool = Pool(settings, self._tls, hello, tools.clock)
        self._standing = Standing()
        self._tokens = Tokens(name, tools.keys_for("tokens in mail addresses"))
        self._addresses = Addresses(settings, self._tokens)
        self._hearing = Hearing(name, settings, self._tokens, tools)
        self._listener = _listener(settings, hello, self._hearing)
        self._traits = Traits(
            formats=FORMATS,
            addressed_by="email",
            concurrency=settings.concurrency,
            timeout=settings.timeout * _ANSWERS_A_MAIL,
            retry=RetryPolicy(attempts=len(SCHEDULE) + 1, schedule=SCHEDULE, resend_in_doubt=True),
        )

    @property
    def traits(self) -> Traits:
        """Plain text, HTML, or a message that its caller wrote whole; one in doubt is sent again under its Message-ID."""
        return self._traits

    @property
    def inbound_port(self) -> int:
        """The port that mail comes in on; 0 while nobody listens."""
        return self._listener.port if self._listener is not None else 0

    async def listen(self, take: Take) -> None:
        """Take mail in from now on, where `inbound_port` says so. Raises BadSetting when the port cannot be had."""
        self._hearing.take_in = take
        if self._listener is not None:
            try:
                await self._listener.start()
            except OSError as error:
                raise BadSetting(
                    f"channels.{self._name}.inbound_port cannot be listened on: {error.strerror}."
                ) from None

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """A mail address as `name@example.com`, its domain in lower case and ASCII. Raises InvalidArgument."""
        address = read_mailbox(to)
        if not address:
            raise InvalidArgument("To must be one mail address like name@example.com.", field="To")
        return Address(value=address)

    async def send(self, letter: Letter) -> Outcome:
        """One mail, from connecting where that is needed to the server's word for it."""
        try:
            letter, ready = self._ready(letter)
        except Unfit as reason:
            return Refused(str(reason))
        if trouble := self._standing.trouble(self._clock.monotonic()):
            return Deferred(trouble, pause=trouble)
        talk = Talk()
        try:
            said = await self._carried(letter, ready, talk)
        except Unfit as reason:
            return Refused(str(reason))
        except (SMTPException, OSError) as failure:
            return self._heard(talk.step, failure)
        self._standing.heard(False, self._clock.monotonic())
        return Accepted(provider_id=message_id(letter, self._settings.sender), detail=f"the server answered {said}")

    def preview(self, letter: Letter) -> Preview:
        """The mail's size, or why it could not be written."""
        try:
            return Preview(size=len(self._ready(letter)[1].content))
        except Unfit as reason:
            return Preview(refused=str(reason))

    async def check(self) -> Check:
        """Connects, starts TLS and signs in, and sends nothing."""
        talk = Talk()
        try:
            line = await self._pool.opened(talk)
            try:
                await line.client.noop()
            finally:
                await goodbye(line)
        except (SMTPException, OSError) as failure:
            detail = failed(talk.step, failure).detail
            return Check(False, f"{detail[:1].upper()}{detail[1:]}.")
        signed_in = " and signed us in" if self._settings.username else ""
        return Check(True, f"The server answered{signed_in}.")

    def called_back(self, call: ProviderCall) -> list[Report]:
        """A recipient's one-click unsubscription (RFC 8058): a POST with our token. A look at the address changes nothing.

        Raises NotAuthenticated without a token of ours, Malformed for anything but that POST.
        """
        meant = self._unsubscribing(call.query)
        if call.body.strip() != ONE_CLICK.encode():
            raise Malformed(f"To unsubscribe, POST {ONE_CLICK} here.")
        return [self._hearing.unsubscribing(meant)]

    def offer(self, query: str) -> Offer:
        """What a recipient who follows the link is asked. Raises NotAuthenticated."""
        self._unsubscribing(query)
        us = self._settings.sender_name or self._settings.sender
        return Offer(
            title="No more mail",
            text=f"Press the button, and {us} will not write to you any more.",
            button="Unsubscribe",
            field=(ONE_CLICK.partition("=")[0], ONE_CLICK.partition("=")[2]),
            done=f"{us} will not write to you any more.",
        )

    async def close(self) -> None:
        """Take no more mail in, and hang up."""
        if self._listener is not None:
            await self._listener.close()
        self._hearing.close()
        await self._pool.close()

    def _unsubscribing(self, query: str) -> Meant:
        [token, *_] = parse_qs(query).get("token", [""])
        meant = self._tokens.read(token)
        if meant is None or meant.kind is not Kind.UNSUBSCRIBE:
            raise NotAuthenticated("This address is not valid.")
        return meant

    def _ready(self, letter: Letter) -> tuple[Letter, Mail]:
        """The letter with its address as it is used, and the mail for it. Raises Unfit."""
        to = read_mailbox(letter.address.value)
        if not to:  # a device's token, by a push route that leads here
            raise Unfit("the address is not a mail address")
        letter = replace(letter, address=Address(value=to))
        content = letter.message.content
        marks = self._addresses.marks(letter, self._answer_link(letter))
        is_whole = isinstance(content, Text) and content.format == WHOLE
        return letter, whole(letter, marks) if is_whole else mail(letter, marks)

    async def _carried(self, letter: Letter, ready: Mail, talk: Talk) -> str:
        """On a kept line, or on a new one when there is none or it turns out to be dead before anything was handed over."""
        line = self._pool.kept()
        if line is not None:
            try:
                return await self._over(line, letter, ready, talk)
            except (SMTPException, OSError) as failure:
                if not (talk.step is Step.SENDER and is_dead(failure)):
                    raise
        return await self._over(await self._pool.opened(talk), letter, ready, talk)

    async def _over(self, line: Line, letter: Letter, ready: Mail, talk: Talk) -> str:
        try:
            talk.step = Step.SENDER
            said, encoding = options(line, ready)
            reported, notify = self._reports_wanted(line)
            sender = self._addresses.envelope(letter)
            await line.client.mail(sender, options=said + reported, encoding=encoding)
            talk.step = Step.RECIPIENT
            await line.client.rcpt(letter.address.value, options=notify, encoding=encoding)
            talk.step = Step.CONTENT
            taken = await line.client.data(ready.content)
        except (Unfit, SMTPResponseException) as refusal:
            if isinstance(refusal, SMTPResponseException) and refusal.code == 421:
                line.hang_up()
            else:
                await self._pool.give_back(line, undo=not isinstance(refusal, Unfit))
            raise
        except BaseException:
            line.hang_up()
            raise
        await self._pool.give_back(line)
        return plain(f"{taken.code} {taken.message}")

    def _reports_wanted(self, line: Line) -> tuple[list[str], list[str]]:
        """What MAIL and RCPT say of reports (RFC 3461): the head comes back and not the whole mail, success where asked."""
        if not self._settings.bounce_address or "dsn" not in line.client.esmtp_extensions:
            return [], []
        return ["RET=HDRS"], [f"NOTIFY={'SUCCESS,' if self._settings.receipts else ''}FAILURE"]

    def _heard(self, step: Step, failure: SMTPException | OSError) -> Outcome:
        """What a failure means, and what it says of our standing with the server."""
        if isinstance(failure, SMTPResponseException) and step in (Step.RECIPIENT, Step.CONTENT):
            refused = meaning(step, failure.code, failure.message) is Meaning.POLICY
            self._standing.heard(refused, self._clock.monotonic())
        return failed(step, failure)


def _listener(settings: EmailSettings, name: str, hearing: Hearing) -> Listener | None:
    if settings.inbound_port is None:
        return None
    return Listener(
        host=settings.inbound_host,
        port=settings.inbound_port,
        name=name,
        door=hearing,
        limits=Limits(size=settings.inbound_size, seconds=settings.inbound_timeout),
        connections=settings.inbound_connections,
    )


PLUGIN = Plugin(
    kind="email",
    description="Sends messages as mail through an SMTP server, and takes in what comes back.",
    settings=EmailSettings,
    build=EmailChannel,
)
