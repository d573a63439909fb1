"""Hands mail to an SMTP server, one connection and one recipient a try."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPResponseException

from heliograph.channels.email.answers import Step, outcome
from heliograph.channels.email.mailbox import domain, is_mailbox
from heliograph.channels.email.payload import mail
from heliograph.channels.email.settings import EmailSettings, Security
from heliograph.channels.plugin import Plugin, Tools
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused
from heliograph.core.ports import Check, Traits
from heliograph.core.retry import RetryPolicy

_MINUTE, _HOUR = 60.0, 3600.0

#: RFC 5321 section 4.5.4.1: tries at least 30 minutes apart, giving up after four to five days; the first
#: two come sooner, because what we speak to is usually our own server.
SCHEDULE = (
    _MINUTE, 10 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 16 * _HOUR, 24 * _HOUR, 24 * _HOUR,
    24 * _HOUR,
)  # fmt: skip
_OFFERED = (Step.TLS, Step.SIGN_IN)  # what a server says in its EHLO answer that it can do
_ANSWERS_A_MAIL = 7  # greeting, EHLO, TLS, sign-in, sender, recipient, content: each has the time limit


class Talk:
    """One conversation and how far it has come."""

    def __init__(self, client: SMTP) -> None:
        self.client = client
        self.step = Step.CONNECT


class EmailChannel:
    """One try is one conversation with the server."""

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings
        self._tls = _tls(settings)
        self._hello = settings.hello or domain(settings.sender)
        self._traits = Traits(
            formats=("text/plain",),
            concurrency=settings.concurrency,
            timeout=settings.timeout * _ANSWERS_A_MAIL,
            retry=RetryPolicy(attempts=len(SCHEDULE) + 1, schedule=SCHEDULE, resend_in_doubt=True),
        )

    @property
    def traits(self) -> Traits:
        """Plain text; a mail whose fate is not known is sent again under the same Message-ID."""
        return self._traits

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """A mail address as `name@example.com`. Raises InvalidArgument."""
        if not is_mailbox(to):
            raise InvalidArgument("To must be one mail address like name@example.com, in plain letters.", field="To")
        return Address(value=to)

    async def send(self, letter: Letter) -> Outcome:
        """One conversation, from connecting to the server's word for the mail."""
        to = letter.address.value
        if not is_mailbox(to):
            return Refused("the address is not a mail address")  # a device's token, by a push route that leads here
        content = mail(letter, sender=self._settings.sender, sender_name=self._settings.sender_name)
        talk = Talk(self._client())
        try:
            async with self._connected(talk) as client:
                talk.step = Step.SENDER
                await client.mail(self._settings.sender)
                talk.step = Step.RECIPIENT
                await client.rcpt(to)
                talk.step = Step.CONTENT
                taken = await client.data(content)
        except (SMTPException, OSError) as failure:
            return _failed(talk.step, failure)
        return Accepted(detail=f"the server answered {taken.code}")

    async def check(self) -> Check:
        """Connects, starts TLS and signs in, and sends nothing."""
        talk = Talk(self._client())
        try:
            async with self._connected(talk) as client:
                await client.noop()
        except (SMTPException, OSError) as failure:
            detail = _failed(talk.step, failure).detail
            return Check(False, f"{detail[:1].upper()}{detail[1:]}.")
        signed_in = " and signed us in" if self._settings.username else ""
        return Check(True, f"The server answered{signed_in}.")

    async def close(self) -> None:
        """Nothing to let go of: every conversation ends with its try."""

    def _client(self) -> SMTP:
        return SMTP(
            hostname=self._settings.host,
            port=self._settings.actual_port,
            local_hostname=self._hello,
            timeout=self._settings.timeout,
            use_tls=self._settings.security is Security.TLS,
            start_tls=False,  # done as a step of its own, so that its failure is told as such
            tls_context=self._tls,
        )

    @asynccontextmanager
    async def _connected(self, talk: Talk) -> AsyncIterator[SMTP]:
        client = talk.client
        try:
            await client.connect()
            if self._settings.security is Security.STARTTLS:
                talk.step = Step.TLS
                await client.starttls()
            if self._settings.username:
                talk.step = Step.SIGN_IN
                await client.login(self._settings.username, self._settings.password.get_secret_value())
            yield client
            with suppress(SMTPException, OSError):  # the mail is the server's; a rude goodbye changes nothing
                await client.quit()
        finally:
            client.close()


def _failed(step: Step, failure: SMTPException | OSError) -> Outcome:
    """What a failed conversation means; the words never repeat what we said, which holds the password."""
    if isinstance(failure, SMTPResponseException):
        return outcome(step, failure.code, "" if step is Step.SIGN_IN else failure.message)
    if (
        type(failure) is SMTPException and step in _OFFERED
    ):  # the client looked in the server's list and did not find it
        return Deferred(f"{step}: the server does not offer it", pause=f"{step}: the server does not offer it")
    certificate = _certificate_problem(failure)
    if certificate:
        return Deferred(f"{step}: {certificate}", pause=f"{step}: {certificate}")
    said = f"{step}: {'no answer in time' if isinstance(failure, TimeoutError) else 'the connection failed'}"
    # Whether the server has the mail is unknown only once it was being handed over; before that it has not.
    return Deferred(said, in_doubt=step is Step.CONTENT, lane=step is Step.CONNECT)


def _certificate_problem(failure: BaseException) -> str:
    """What is wrong with the server's certificate, found among the causes; empty when nothing is."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the server's certificate is not valid ({cause.verify_message})"
        cause = cause.__cause__ or cause.__context__
    return ""


def _tls(settings: EmailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadSetting(f"ca_file {settings.ca_file} cannot be read: {type(error).__name__}.") from None


def _build(name: str, settings: EmailSettings, tools: Tools) -> EmailChannel:
    return EmailChannel(settings)


PLUGIN = Plugin(
    kind="email",
    description="Sends messages as plain mail through an SMTP server.",
    settings=EmailSettings,
    build=_build,
)
