"""An HTTP/2 server on a real TLS socket, strict about the protocol, that fails in whatever way it is told to.

The protocol is the library h2's, which we did not write, so that our client is judged by somebody else's reading
of RFC 9113. It comes with the extra `testing`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Any

import msgspec
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from heliograph.testing.servers.listening import Conversing

_MOST_READ = 64 * 1024  # bytes at once
_MOST_BODY = 1024 * 1024  # bytes of a request


class Fault(StrEnum):
    """How an answer goes wrong."""

    NONE = ""
    STALL = "stall"  # it never comes
    RESET = "reset"  # the stream is reset
    REFUSE = "refuse"  # the stream is reset as one that was not looked at (REFUSED_STREAM)
    GOAWAY = "goaway"  # the connection is left, this stream and later ones not looked at
    HANG_UP = "hang up"  # the connection is gone
    CUT = "cut"  # the answer's headers come, and the connection is gone
    GARBAGE = "garbage"  # what comes is not HTTP/2


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One scripted answer."""

    status: int = 200
    headers: dict[str, str] = {}
    body: bytes = b""
    delay: float = 0.0  # seconds before it
    fault: Fault = Fault.NONE


class Request(msgspec.Struct, kw_only=True):
    """A request as it came."""

    method: str
    path: str
    headers: list[tuple[str, str]]  # names in lower case, in the order they came
    body: bytes = b""
    certificate: str = ""  # the common name of the client's, where it showed one
    connection: int = 0  # which connection it came over, counted from 1

    def header(self, name: str) -> str:
        """The first value, or an empty text."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return msgspec.json.decode(self.body)


class Http2Server(Conversing):
    """`judge` answers a request with what is wrong with it, or None; then come the scripted answers, then `default`."""

    def __init__(
        self,
        tls: ssl.SSLContext,
        judge: Callable[[Request], Answer | None],
        default: Callable[[Request], Answer],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        streams: int = 1000,
        streams_at_first: int | None = None,
    ) -> None:
        """`streams` may be open on a connection, and only `streams_at_first` until something was answered by 200."""
        tls.set_alpn_protocols(["h2"])
        super().__init__(host, port, tls)
        self.judge = judge
        self.default = default
        self.streams = streams
        self.streams_at_first = streams_at_first or streams
        self.requests: list[Request] = []
        self.answers: deque[Answer] = deque()
        self.insisted: deque[Answer] = deque()
        self.spared: frozenset[str] = frozenset()
        self.seen: Callable[[Request, Answer], None] = lambda request, answer: None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://{self.host}:{self.port}"

    def script(self, *answers: Answer) -> None:
        """Give these next, in this order."""
        self.answers.extend(answers)

    def insist(self, *answers: Answer, spare: str = "") -> None:
        """Give these next, in this order, even to requests that are not in order; but for those to the path `spare`."""
        self.insisted.extend(answers)
        self.spared |= {spare}

    def answer(self, request: Request) -> Answer:
        """What this request gets."""
        self.requests.append(request)
        if self.insisted and request.path not in self.spared:
            answer = self.insisted.popleft()
        else:
            wrong = self.judge(request)
            answer = wrong or (self.answers.popleft() if self.answers else self.default(request))
        self.seen(request, answer)
        return answer

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Conversation(self, reader, writer, self.connections).run()


class _Conversation:
    """One connection."""

    def __init__(
        self, server: Http2Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        self._server, self._reader, self._writer, self._number = server, reader, writer, number
        self._state = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._open: dict[int, Request] = {}
        self._certificate = _common_name(writer.get_extra_info("peercert"))
        self._trusted = server.streams_at_first == server.streams

    async def run(self) -> None:
        state = self._state
        state.local_settings.max_concurrent_streams = self._server.streams_at_first
        state.initiate_connection()
        state.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self._server.streams_at_first})
        self._flush()
        while data := await self._reader.read(_MOST_READ):
            try:
                events = state.receive_data(data)
            except ProtocolError:
                self._flush()  # the GOAWAY that says which rule was broken
                return
            for event in events:
                self._heard(event)
            self._flush()
            await self._writer.drain()

    def _heard(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            fields = [(str(name), str(value)) for name, value in event.headers]
            pseudo = dict(field for field in fields if field[0].startswith(":"))
            self._open[event.stream_id] = Request(
                method=pseudo[":method"],
                path=pseudo.get(":path", ""),
                headers=[field for field in fields if not field[0].startswith(":")],
                certificate=self._certificate,
                connection=self._number,
            )
        elif isinstance(event, DataReceived):
            self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            request = self._open.get(event.stream_id)
            if request is not None and len(request.body) < _MOST_BODY:
                request.body += event.data
        elif isinstance(event, StreamReset):
            self._open.pop(event.stream_id, None)
        elif isinstance(event, StreamEnded):
            request = self._open.pop(event.stream_id)
            answer = self._server.answer(request)
            if answer.delay:
                self._server.keep(asyncio.ensure_future(self._answer_later(event.stream_id, answer)))
            else:
                with suppress(ProtocolError):  # they have given the stream up in the same breath
                    self._answer(event.stream_id, answer)

    async def _answer_later(self, stream: int, answer: Answer) -> None:
        await asyncio.sleep(answer.delay)
        with suppress(ProtocolError):  # the stream or the connection has ended meanwhile
            self._answer(stream, answer)
        self._flush()

    def _answer(self, stream: int, answer: Answer) -> None:
        match answer.fault:
            case Fault.STALL:
                return
            case Fault.RESET:
                self._state.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
            case Fault.REFUSE:
                self._state.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            case Fault.GOAWAY:
                self._state.close_connection(ErrorCodes.NO_ERROR, last_stream_id=max(0, stream - 2))
            case Fault.HANG_UP:
                self._writer.transport.abort()
            case Fault.GARBAGE:
                self._writer.write(b"220 this is not the protocol you are looking for\r\n")
            case _:
                self._say(stream, answer)

    def _say(self, stream: int, answer: Answer) -> None:
        headers = [(":status", str(answer.status)), *answer.headers.items()]
        if answer.fault is Fault.CUT:
            self._state.send_headers(stream, [*headers, ("content-length", "1000")])
            self._flush()
            self._writer.close()
            return
        if answer.status == 200 and not self._trusted:
            self._trusted = True
            self._state.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self._server.streams})
        self._state.send_headers(stream, headers, end_stream=not answer.body)
        if answer.body:
            self._state.send_data(stream, answer.body, end_stream=True)

    def _flush(self) -> None:
        out = self._state.data_to_send()
        if out and not self._writer.is_closing():
            self._writer.write(out)


def _common_name(certificate: dict[str, Any] | None) -> str:
    names = (certificate or {}).get("subject", ())
    return next((value for row in names for key, value in row if key == "commonName"), "")
