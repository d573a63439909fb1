"""An SMTP server on a real socket that remembers what it takes and refuses by script."""

# ruff: noqa: N802 - aiosmtpd calls methods by the names of the commands

from __future__ import annotations

import asyncio
import logging
import ssl
import warnings
from collections.abc import Callable, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import msgspec

try:
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
except ImportError as missing:  # pragma: no cover - the project's own environment has it
    raise ImportError("heliograph.testing.servers.smtp needs aiosmtpd: install heliograph[testing]") from missing

from heliograph.testing.servers.listening import Listening

logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns at each sign-in of what it does itself

HANG_UP = "hang up"  # as an answer: close the connection instead
STALL = "stall"  # as an answer: say nothing


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it came."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    secured: bool  # over TLS
    user: str  # who had signed in; empty for nobody
    options: tuple[str, ...] = ()  # what MAIL said beside the sender

    @property
    def message(self) -> EmailMessage:
        """The content read as a mail."""
        read = message_from_bytes(self.content, policy=policy.SMTP)
        assert isinstance(read, EmailMessage)
        return read


class SmtpServer(Listening):
    """`async with SmtpServer() as server:` then send to 127.0.0.1 and `server.port`.

    `server.refuse("RCPT", "550 5.1.1 No such user")` makes the next RCPT be answered so; the commands are
    CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA (before the mail), CONTENT (after it), RSET and QUIT.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        users: Mapping[str, str] | None = None,
        utf8: bool = False,
        size: int | None = None,
        port: int = 0,
        seen: Callable[[str, str], None] | None = None,
    ) -> None:
        """With `tls` it offers STARTTLS, or with `implicit` speaks TLS from the first byte. With `users` (name to
        password) it wants a sign-in; with `utf8` it offers SMTPUTF8, with `size` it takes no mail larger than that.
        `seen` is told each command that was scripted or carries a mail on, and what was answered."""
        super().__init__(port=port)
        self._tls = tls
        self._implicit = implicit
        self._users = dict(users or {})
        self._utf8 = utf8
        self._size = size
        self._seen = seen
        self._script: dict[str, list[str]] = {}
        self._conversations: set[_Conversation] = set()
        self.mails: list[Mail] = []
        self.connections = 0  # so far

    @property
    def open(self) -> int:
        """How many clients are connected."""
        return len(self._conversations)

    def refuse(self, command: str, *answers: str) -> None:
        """Answer the next ones of this command so, in order; a HANG_UP or STALL instead of an answer does that."""
        self._script.setdefault(command, []).extend(answers)

    async def _listen(self) -> asyncio.Server:
        direct = self._tls if self._implicit else None
        return await asyncio.get_running_loop().create_server(self._converse, self.host, self.port, ssl=direct)

    async def stop(self) -> None:
        """Listen no more, and break every connection."""
        await super().stop()
        for conversation in list(self._conversations):
            conversation.hang_up()
        await asyncio.sleep(0)  # the conversations hear of it in the loop's next turn

    def _converse(self) -> _Conversation:
        with warnings.catch_warnings():
            # aiosmtpd does not see that TLS from the first byte protects a sign-in, and warns that nothing does.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS", UserWarning)
            return _Conversation(
                self,
                hostname="mail.test",
                tls_context=None if self._implicit else self._tls,
                require_starttls=self._tls is not None and not self._implicit,
                auth_required=bool(self._users),
                auth_require_tls=not self._implicit,
                authenticator=self._sign_in if self._users else None,
                loop=asyncio.get_running_loop(),
                enable_SMTPUTF8=self._utf8,
                data_size_limit=self._size,
            )

    def _sign_in(self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        known = self._users.get(data.login.decode())
        right = known is not None and known == data.password.decode()
        return AuthResult(success=right, handled=False, auth_data=data.login.decode())  # the answer is aiosmtpd's

    def took(self, session: Session, envelope: Envelope) -> None:
        """Remember a mail."""
        self.mails.append(
            Mail(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                content=envelope.original_content or b"",
                secured=session.ssl is not None or self._implicit,
                user=str(session.auth_data or ""),
                options=tuple(envelope.mail_options),
            )
        )

    def next_answer(self, command: str) -> str:
        """The scripted answer to this command; empty when there is none."""
        waiting = self._script.get(command)
        return waiting.pop(0) if waiting else ""

    def tell(self, command: str, answer: str) -> None:
        """Whoever watches is told."""
        if self._seen is not None:
            self._seen(command, answer)

    def joined(self, conversation: _Conversation) -> None:
        """A client has come, or has begun to speak TLS."""
        self.connections += conversation not in self._conversations
        self._conversations.add(conversation)

    def left(self, conversation: _Conversation) -> None:
        """A client has gone."""
        self._conversations.discard(conversation)


class _Conversation(SMTP):
    """One client's connection."""

    def __init__(self, home: SmtpServer, **options: Any) -> None:
        self._home = home
        self._greeted = False
        super().__init__(self, **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._home.joined(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._home.left(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        """Close without a word. Python 3.11.2 cannot abort a TLS transport that is closing already."""
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.abort()

    async def scripted(self, command: str) -> str:
        """The answer a test asked for; hangs up or stalls when that is what it asked for."""
        answer = self._home.next_answer(command)
        if answer:
            self._home.tell(command, answer)
        if answer == HANG_UP:
            self.hang_up()
        if answer in (HANG_UP, STALL):
            await asyncio.Event().wait()
        return answer

    async def push(self, status: Any) -> None:
        """Every answer goes through here; the first is the greeting."""
        if not self._greeted:
            self._greeted = True
            status = await self.scripted("CONNECT") or status
        await super().push(status)

    async def smtp_EHLO(self, hostname: str) -> None:
        if answer := await self.scripted("EHLO"):
            await self.push(answer)
        else:
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if answer := await self.scripted("STARTTLS"):
            await self.push(answer)
        else:
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if answer := await self.scripted("AUTH"):
            await self.push(answer)
        else:
            await super().smtp_AUTH(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if answer := await self.scripted("DATA"):
            await self.push(answer)
        else:
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:
        if answer := await self.scripted("RSET"):
            await self.push(answer)
        else:
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        if answer := await self.scripted("QUIT"):
            await self.push(answer)
        else:
            await super().smtp_QUIT(arg)

    async def handle_exception(self, error: Exception) -> str:
        """The library asks its handler what to say of a fault. The handler is this very conversation, so it must not ask on."""
        return f"500 5.5.0 {type(error).__name__}"

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self.scripted("MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options = list(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self.scripted("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if answer := await self.scripted("CONTENT"):
            return answer
        self._home.took(session, envelope)
        self._home.tell("CONTENT", "250 2.0.0 Taken")
        return "250 2.0.0 Taken"
