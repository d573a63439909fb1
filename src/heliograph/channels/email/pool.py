"""Connections to the mail server that are kept for the next mail, for a while."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPHeloError

from heliograph.channels.email.answers import Step
from heliograph.channels.email.settings import EmailSettings, Security
from heliograph.core.ports import Clock

_GOODBYE = 2.0  # seconds that a QUIT may take


class Talk:
    """One conversation and how far it has come."""

    def __init__(self) -> None:
        self.step = Step.CONNECT


class Line:
    """One open connection."""

    def __init__(self, client: SMTP) -> None:
        self.client = client
        self.mails = 0
        self.since = 0.0  # monotonic seconds: unused since

    def hang_up(self) -> None:
        """Close without a word."""
        self.client.close()


class Pool:
    """At most `kept` unused lines, none unused for longer than `idle` seconds or for more than `per_connection` mails."""

    def __init__(self, settings: EmailSettings, tls: ssl.SSLContext, hello: str, clock: Clock) -> None:
        self._settings = settings
        self._tls = tls
        self._hello = hello
        self._clock = clock
        self._unused: list[Line] = []
        self._tidying: asyncio.Task[None] | None = None
        self._parting: set[asyncio.Task[None]] = set()
        self._closed = False

    def kept(self) -> Line | None:
        """The line used last, if one is kept. It may be dead: MAIL is what finds out, and nothing is lost by it."""
        return self._unused.pop() if self._unused else None

    async def opened(self, talk: Talk) -> Line:
        """A new line: connected, over TLS, signed in. Raises SMTPException and OSError at the step that `talk` tells."""
        settings = self._settings
        client = SMTP(
            hostname=settings.host,
            port=settings.actual_port,
            local_hostname=self._hello,
            timeout=settings.timeout,
            use_tls=settings.security is Security.TLS,
            start_tls=False,  # done as a step of its own, so that its failure is told as such
            tls_context=self._tls,
        )
        try:
            talk.step = Step.CONNECT
            await client.connect()
            if settings.security is Security.STARTTLS:
                talk.step = Step.TLS
                await client.starttls()
            if settings.username:
                talk.step = Step.SIGN_IN
                await client.login(settings.username, settings.password.get_secret_value())
            if client.is_ehlo_or_helo_needed:  # what the server can do must be known before the first mail
                await _greeted(client)
        except BaseException:
            client.close()
            raise
        return Line(client)

    async def give_back(self, line: Line, *, undo: bool = False) -> None:
        """Keep it for the next mail; with `undo` what was begun on it is called off first (RSET)."""
        line.mails += 1
        try:
            if undo and not self._enough(line):
                await line.client.rset()
        except (SMTPException, OSError):
            line.hang_up()
            return
        except BaseException:
            line.hang_up()
            raise
        if self._enough(line):
            self._part(line)
            return
        line.since = self._clock.monotonic()
        self._unused.append(line)
        if self._tidying is None or self._tidying.done():
            self._tidying = asyncio.create_task(self._tidy(), name="mail connections")

    def _enough(self, line: Line) -> bool:
        """Whether it is of no more use."""
        kept, settings = len(self._unused), self._settings
        return self._closed or line.mails >= settings.per_connection or kept >= settings.kept

    def _part(self, line: Line) -> None:
        """Say goodbye without being waited for: the mail has been answered for, and its outcome must not depend on it."""
        task = asyncio.create_task(goodbye(line), name="mail goodbye")
        self._parting.add(task)
        task.add_done_callback(self._parting.discard)

    async def close(self) -> None:
        """Say goodbye on every line."""
        self._closed = True
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        lines, self._unused = self._unused, []
        await asyncio.gather(*map(goodbye, lines), *self._parting)

    async def _tidy(self) -> None:
        while self._unused:
            oldest = self._unused[0].since
            await self._clock.sleep(max(oldest + self._settings.idle - self._clock.monotonic(), 0.1))
            limit = self._clock.monotonic() - self._settings.idle
            done = [line for line in self._unused if line.since <= limit]
            self._unused = [line for line in self._unused if line.since > limit]
            await asyncio.gather(*map(goodbye, done))


async def _greeted(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        await client.helo()  # a server from before 1995, or one that plays it


async def goodbye(line: Line) -> None:
    """QUIT, and close; a rude answer changes nothing, for the mails are the server's."""
    try:
        with suppress(SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await line.client.quit()
    finally:
        line.hang_up()
