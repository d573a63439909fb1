"""A webhook endpoint on a real socket: strict about Standard Webhooks signatures, and as ill-behaved as a test asks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from heliograph.testing.servers.listening import Conversing

TOLERANCE = 300  # seconds a webhook-timestamp may differ from our clock, as the specification suggests


class Fault(StrEnum):
    """How an answer goes wrong."""

    NONE = ""
    RESET = "reset"  # the connection is reset after the request was read
    HANG_UP = "hang up"  # it is closed without an answer
    STALL = "stall"  # the answer never comes
    CUT = "cut"  # it is closed after the answer's headers
    GARBAGE = "garbage"  # what comes is not HTTP


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One scripted answer."""

    status: int = 204
    headers: dict[str, str] = {}
    body: bytes = b""
    delay: float = 0.0  # seconds before it
    fault: Fault = Fault.NONE


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came. `problem` says why its signature does not hold; empty when it does, or none is asked for."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    problem: str = ""

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return msgspec.json.decode(self.body)


class WebhookServer(Conversing):
    """`async with WebhookServer(secrets=[...]) as endpoint:` then send to `endpoint.url`.

    Answers 401 to a request whose signature does not hold. Otherwise gives the scripted answers
    in order, and `default` (204) when none is left.
    """

    def __init__(
        self,
        *,
        secrets: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
        host: str = "127.0.0.1",
        default: Answer | None = None,
    ) -> None:
        super().__init__(host, tls=tls)
        self._keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
        self._now = now
        self._default = default or Answer()
        self.requests: list[Request] = []
        self.answers: deque[Answer] = deque()

    @property
    def url(self) -> str:
        """Where it listens; a path may be added."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def verified(self) -> list[Request]:
        """The requests whose signatures held."""
        return [request for request in self.requests if not request.problem]

    def script(self, *answers: Answer) -> None:
        """Give these next, in this order."""
        self.answers.extend(answers)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await self._read(reader)) is not None:
            self.requests.append(request)
            if not await self._answer(writer, request):
                break

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as end:
            if end.partial:
                raise
            return None
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Request(method=method, path=path, headers=headers, body=body, problem=self._problem(headers, body))

    def _problem(self, headers: dict[str, str], body: bytes) -> str:
        if not self._keys:
            return ""
        id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not id or not stamp.isdigit():
            return "webhook-id or webhook-timestamp is missing"
        if abs(self._now() - int(stamp)) > TOLERANCE:
            return "webhook-timestamp is too far from now"
        signed = f"{id}.{stamp}.".encode() + body
        good = {base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in self._keys}
        given = [word.partition(",") for word in headers.get("webhook-signature", "").split(" ")]
        if not any(version == "v1" and signature in good for version, _, signature in given):
            return "no signature holds"
        return ""

    async def _answer(self, writer: asyncio.StreamWriter, request: Request) -> bool:
        """Whether the connection can be used again."""
        answer = Answer(status=401) if request.problem else self._next_answer()
        await asyncio.sleep(answer.delay)
        if answer.fault is Fault.STALL:
            await asyncio.Event().wait()
        if answer.fault is Fault.RESET:
            writer.transport.abort()
        if answer.fault in (Fault.RESET, Fault.HANG_UP):
            return False
        writer.write(_as_bytes(answer))
        await writer.drain()
        return answer.fault is Fault.NONE

    def _next_answer(self) -> Answer:
        return self.answers.popleft() if self.answers else self._default


def _as_bytes(answer: Answer) -> bytes:
    if answer.fault is Fault.GARBAGE:
        return b"220 this is not the protocol you are looking for\r\n"
    length = 1000 if answer.fault is Fault.CUT else len(answer.body)
    lines = [f"HTTP/1.1 {answer.status} Scripted", f"Content-Length: {length}"]
    if answer.status in (204, 304):
        lines.pop()
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head if answer.fault is Fault.CUT else head + answer.body
