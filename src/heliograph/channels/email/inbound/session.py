"""One client's conversation with our SMTP listener (RFC 5321): strict about line ends, poor in what it offers, and bounded.

Only CRLF ends a line and only CRLF.CRLF ends a mail; a line that ends in a bare LF closes the connection, because two
servers that read it differently can be made to see two mails where there is one (SMTP smuggling). A mail has one
recipient, whom `Door.known` must know before any of it is taken: there is nothing to relay and nothing to guess.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

LONGEST_LINE = 8192  # octets; RFC 5321 asks for 1,000 at least, and mail programs write longer ones
MOST_COMMANDS = 1000  # on one connection
MOST_MISTAKES = 10

_PATH = re.compile(r"(?:FROM|TO):[ \t]*<([^<>\s]*)>(.*)", re.IGNORECASE)
_SIZE = re.compile(r"\bSIZE=([0-9]{1,18})\b", re.IGNORECASE)


class Door(Protocol):
    """What the session asks and hands in."""

    def known(self, recipient: str) -> bool:
        """Whether mail to that address is ours."""

    async def take(self, sender: str, recipient: str, content: bytes) -> str:
        """The answer to a whole mail: a code and words."""


@dataclass(frozen=True)
class Limits:
    """How much one client may ask for."""

    size: int  # bytes of a mail
    seconds: float  # for each command, and for a whole mail


class Hostile(Exception):
    """The client does what no mail server does; the text is the last answer it gets."""


class Session:
    """Reads commands until QUIT, an error, or the end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, name: str, door: Door, limits: Limits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._name = name
        self._door = door
        self._limits = limits
        self._greeted = False
        self._sender: str | None = None
        self._recipient = ""
        self._mistakes = 0
        self._verbs: dict[str, Callable[[str], Awaitable[str]]] = {
            "HELO": self._helo,
            "EHLO": self._ehlo,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": self._noop,
            "VRFY": self._vrfy,
        }

    async def run(self) -> None:
        """The whole conversation. Ends quietly when the client is gone."""
        try:
            await self._say(f"220 {self._name} ESMTP")
            for _ in range(MOST_COMMANDS):
                line = (await self._line()).decode("utf-8", "replace")
                verb, _, rest = line.strip().partition(" ")
                if verb.upper() == "QUIT":
                    await self._say("221 2.0.0 Goodbye")
                    return
                await self._say(await self._answer(verb.upper(), rest.strip()))
            await self._say("421 4.7.0 Too many commands")
        except Hostile as last:
            await self._say(str(last))
        except TimeoutError:
            await self._say("421 4.4.2 Too slow")

    async def _answer(self, verb: str, rest: str) -> str:
        handler = self._verbs.get(verb)
        answer = await handler(rest) if handler is not None else "500 5.5.2 Command unknown"
        if answer.startswith("5"):
            self._mistakes += 1
            if self._mistakes >= MOST_MISTAKES:
                raise Hostile("421 4.7.0 Too many errors")
        return answer

    async def _helo(self, rest: str) -> str:
        self._greeted = True
        self._forget()
        return f"250 {self._name}"

    async def _ehlo(self, rest: str) -> str:
        await self._helo(rest)
        offers = ("PIPELINING", f"SIZE {self._limits.size}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
        lines = [self._name, *offers]
        return "\r\n".join(f"250{'-' if offer is not lines[-1] else ' '}{offer}" for offer in lines)

    async def _mail(self, rest: str) -> str:
        if not self._greeted:
            return "503 5.5.1 Say EHLO first"
        if self._sender is not None:
            return "503 5.5.1 One mail at a time"
        found = _PATH.fullmatch(rest)
        if found is None or not rest.upper().startswith("FROM"):
            return "501 5.5.4 MAIL FROM:<address>"
        size = _SIZE.search(found[2])
        if size is not None and int(size[1]) > self._limits.size:
            return "552 5.3.4 Too large"
        self._sender = found[1]
        return "250 2.1.0 OK"

    async def _rcpt(self, rest: str) -> str:
        if self._sender is None:
            return "503 5.5.1 Say MAIL first"
        found = _PATH.fullmatch(rest)
        if found is None or not rest.upper().startswith("TO"):
            return "501 5.5.4 RCPT TO:<address>"
        if self._recipient:
            return "452 4.5.3 One recipient at a time"
        if not self._door.known(found[1]):
            return "550 5.1.1 No such address here"
        self._recipient = found[1]
        return "250 2.1.5 OK"

    async def _data(self, rest: str) -> str:
        if self._sender is None or not self._recipient:
            return "503 5.5.1 Say MAIL and RCPT first"
        await self._say("354 End with a dot on a line of its own")
        async with asyncio.timeout(self._limits.seconds):
            content = await self._content()
        sender, recipient = self._sender, self._recipient
        self._forget()
        if content is None:
            return "552 5.3.4 Too large"
        return await self._door.take(sender, recipient, content)

    async def _rset(self, rest: str) -> str:
        self._forget()
        return "250 2.0.0 OK"

    async def _noop(self, rest: str) -> str:
        return "250 2.0.0 OK"

    async def _vrfy(self, rest: str) -> str:
        return "252 2.1.5 Send it and see"

    def _forget(self) -> None:
        self._sender, self._recipient = None, ""

    async def _content(self) -> bytes | None:
        """The mail without its stuffed dots; None when it is too large, once all of it has gone by."""
        lines: list[bytes] = []
        size = 0
        while (line := await self._line()) != b".":
            line = line[1:] if line.startswith(b".") else line
            size += len(line) + 2
            if size <= self._limits.size:
                lines.append(line)
            elif size > 4 * self._limits.size:
                raise Hostile("552 5.3.4 Far too large")
        return b"".join(line + b"\r\n" for line in lines) if size <= self._limits.size else None

    async def _line(self) -> bytes:
        """One line without its CRLF. Raises Hostile for any other end, and TimeoutError."""
        try:
            async with asyncio.timeout(self._limits.seconds):
                line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            raise Hostile("500 5.5.6 Line too long") from None
        except asyncio.IncompleteReadError:
            raise ConnectionResetError from None
        if not line.endswith(b"\r\n"):
            raise Hostile("521 5.5.2 A line must end in CRLF")
        return line[:-2]

    async def _say(self, answer: str) -> None:
        self._writer.write(f"{answer}\r\n".encode("ascii", "replace"))
        async with asyncio.timeout(self._limits.seconds):
            await self._writer.drain()
