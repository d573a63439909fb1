"""An HTTP/2 server whose every answer is a function of the test's, down to raw bytes; the h2 library keeps it strict."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import msgspec

Settings = dict[h2.settings.SettingCodes, int]
_STREAMS = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came."""

    headers: dict[str, str]
    body: bytes
    connection: int  # counts from 1


class Talk:
    """One connection, as an act sees it: `http` is h2's connection, `send` puts what it has to say out."""

    def __init__(self, number: int, http: h2.connection.H2Connection, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.http = http
        self.writer = writer
        self.left = False  # whether it has said farewell and looks at nothing more

    def send(self, raw: bytes = b"") -> None:
        """What h2 wants said, then bytes of the test's own."""
        self.writer.write(self.http.data_to_send() + raw)

    def respond(self, stream: int, status: int = 200, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """A whole answer."""
        if stream not in self.http.streams:  # the client has given it up meanwhile
            return
        fields = [(":status", str(status)), *(headers or {}).items()]
        self.http.send_headers(stream, fields, end_stream=not body)
        if body:
            self.http.send_data(stream, body, end_stream=True)
        self.send()


Act = Callable[[Talk, int, Heard], None]
"""What to do about a request: on this connection, on that stream."""


def taken(talk: Talk, stream: int, heard: Heard) -> None:
    """200 and nothing else."""
    talk.respond(stream)


def stalled(talk: Talk, stream: int, heard: Heard) -> None:
    """No answer ever."""


def dropped(talk: Talk, stream: int, heard: Heard) -> None:
    """The connection is cut."""
    talk.writer.transport.abort()


def refused(talk: Talk, stream: int, heard: Heard) -> None:
    """The stream is reset with REFUSED_STREAM: it was not looked at."""
    talk.http.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
    talk.send()


def cancelled(talk: Talk, stream: int, heard: Heard) -> None:
    """The stream is reset for another reason."""
    talk.http.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
    talk.send()


def farewell(talk: Talk, stream: int, heard: Heard) -> None:
    """GOAWAY: this stream was not looked at, and the connection takes no more."""
    talk.http.close_connection(last_stream_id=max(stream - 2, 0))
    talk.send()
    talk.left = True


class ActingServer:
    """`async with ActingServer(tls) as server:` then send to port `server.port` of loopback.

    Does the scripted acts in order, one per request, and `default` when none is left.
    """

    def __init__(self, tls: ssl.SSLContext, *, settings: Settings | None = None, default: Act = taken) -> None:
        tls.set_alpn_protocols(["h2"])
        self._tls = tls
        self._settings = {_STREAMS: 100} | (settings or {})
        self._default = default
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()
        self.acts: deque[Act] = deque()
        self.requests: list[Heard] = []
        self.connections = 0
        self.most_open = 0  # streams that were ever open at once on one connection
        self.troubles: list[str] = []  # rules that a client broke
        self.port = 0

    def script(self, *acts: Act) -> None:
        """Do these next, in this order."""
        self.acts.extend(acts)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        self.connections += 1
        http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        http.local_settings = h2.settings.Settings(client=False, initial_values=self._settings)
        talk = Talk(self.connections, http, writer)
        http.initiate_connection()
        talk.send()
        try:
            await self._read(talk, reader)
        except h2.exceptions.ProtocolError as broken:
            self.troubles.append(repr(broken))
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass  # the other side left, or the test has ended
        finally:
            self._running.discard(task)
            writer.transport.abort()

    async def _read(self, talk: Talk, reader: asyncio.StreamReader) -> None:
        coming: dict[int, tuple[dict[str, str], bytearray]] = {}
        while data := await reader.read(65_536):
            for event in talk.http.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    coming[event.stream_id] = {str(n): str(v) for n, v in event.headers}, bytearray()
                    self.most_open = max(self.most_open, talk.http.open_inbound_streams)
                elif isinstance(event, h2.events.DataReceived):
                    coming[event.stream_id][1].extend(event.data)
                    talk.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    headers, body = coming.pop(event.stream_id)
                    if not talk.left:
                        heard = Heard(headers=headers, body=bytes(body), connection=talk.number)
                        self.requests.append(heard)
                        (self.acts.popleft() if self.acts else self._default)(talk, event.stream_id, heard)
            talk.send()
