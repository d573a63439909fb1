"""The guard in front of the application: what a hostile or broken client may cost in bytes, headers and seconds.

uvicorn's own protocol waits for ever on a half-sent header and takes any number of
headers of any size, no Host and two Hosts. This subclass adds what is missing and
changes nothing of the ASGI side, so that another server, with a proxy in front that
does the same, is a drop-in. Source of the rules: RFC 9112 sections 3.2, 6.1 and 9.8.

Time is watched by one timer per connection, armed only while the client owes us
something; a request that arrives in one piece costs no timer at all.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from heliograph.edge.http.head import Limits, Refused, check_request
from heliograph.edge.http.messages import WHOLE_ANSWER
from heliograph.edge.http.whole import write_whole

_STRIDE = 5.0  # seconds over which the rate of a body is measured
_LINGER = 2.0  # seconds a client may go on sending a body that was refused, so that it gets to read the answer


_REASONS = {
    400: b"Bad Request",
    408: b"Request Timeout",
    414: b"URI Too Long",
    431: b"Request Header Fields Too Large",
    505: b"HTTP Version Not Supported",
}


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol with limits. Take `guarded(limits)`, which fixes them."""

    limits = Limits()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._owed = ""  # what the running timer waits for: "header", "body", "linger", "reader", or nothing
        self._spoken = False  # whether a first request has begun
        self._in_header = False
        self._in_body = False
        self._body_seen = False
        self._body_bytes = 0  # of the body, so far
        self._body_measured = 0  # of them, those that the rate was measured with before
        self._body_until = 0.0  # loop time at which the whole body must be there
        self._head_bytes = 0  # raw bytes received for a header that is not complete yet
        self._deaf = False  # refused: nothing is read any more
        self._muted = False  # the parser reads a head of our own making; see _resume_after_upgrade
        self._refusal = (400, "The request is not valid HTTP.")

    # ------------------------------------------------------------------ connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.abort()
        else:
            self._await("header", self.limits.header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self._await("")
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await("reader", self.limits.body_timeout)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._owed == "reader":
            self._await("")
            self._watch()

    # ------------------------------------------------------------------------ time

    def _await(self, what: str, seconds: float = 0.0) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._owed = what
        if what:
            self._timer = self.loop.call_later(seconds, self._too_late)

    def _watch(self) -> None:
        """Arm the timer for what the client owes now; a timer that already runs for it is left running."""
        if self._owed in ("linger", "reader"):
            return
        if self._in_body:
            owed, seconds = "body", min(self.limits.body_timeout, _STRIDE)
        elif self._in_header or not self._busy():
            owed, seconds = "header", self.limits.header_timeout
        else:
            owed, seconds = "", 0.0
        if owed != self._owed:
            self._await(owed, seconds)
            self._body_until = self.loop.time() + self.limits.body_timeout
            self._body_measured = self._body_bytes

    def _too_late(self) -> None:
        self._timer, owed, self._owed = None, self._owed, ""
        if owed in ("linger", "reader"):
            self.transport.abort()
        elif owed == "body" and self._fast_enough():
            self._await("body", min(self._body_until - self.loop.time(), _STRIDE))
        elif not self._spoken:
            self.transport.close()  # connected and said nothing: nobody to answer
        else:
            self._refuse(408, f"The {owed} took too long.")

    def _fast_enough(self) -> bool:
        """Whether the body may go on; while we read nothing, or have not yet said 100 Continue, the client is not to blame."""
        came, self._body_measured = self._body_bytes - self._body_measured, self._body_bytes
        if self.loop.time() >= self._body_until:
            return False
        ours = self.flow.read_paused or self.cycle.waiting_for_100_continue
        return ours or came >= self.limits.body_rate * min(_STRIDE, self.limits.body_timeout)

    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # ----------------------------------------------------------------------- bytes

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._deaf or self.transport.is_closing():
            return
        try:
            if not self._feed(data):
                return
        except httptools.HttpParserError:
            self._refuse(*self._refusal)
            return
        if self._in_header:
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.header_bytes:
                self._refuse(431, "The headers are too large.")
                return
        if self._owed or self._in_header or self._in_body or not self._busy():
            self._watch()

    def _feed(self, data: bytes) -> bool:
        """Whether the connection is still ours."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self._hand_over()
                return False
            self._resume_after_upgrade(data[int(upgrade.args[0]) :])
        return True

    def _hand_over(self) -> None:
        """From now on the connection is a WebSocket's, which counts among the open connections as before."""
        self._await("")
        self._deaf = True
        self.handle_websocket_upgrade()

    def _resume_after_upgrade(self, rest: bytes) -> None:
        """Any other offer to upgrade (h2c, as Java's client makes with every request) is declined by answering in HTTP/1.1.

        The parser stops at such a header without reading the body, so a fresh parser
        is given a head with the same framing and then what remains.
        """
        framing = [(n, v) for n, v in self.headers if n in (b"content-length", b"transfer-encoding")]
        self.parser = httptools.HttpRequestParser(self)
        self._muted = True
        head = b"".join(b"%b: %b\r\n" % pair for pair in framing)
        self._feed(b"POST / HTTP/1.1\r\nhost: upgrade\r\n%b\r\n" % head)
        self._muted = False
        if rest:
            self._feed(rest)

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer and close; where an earlier answer is still being written, only make it the last one."""
        if self.transport.is_closing():
            return
        if not self._busy():
            self._write_refusal(status, sentence)
        elif self.pipeline or (self._in_body and self.cycle.response_started):
            self.transport.close()
        elif self._in_body:
            self.cycle.disconnected = True  # the application has nobody to answer any more
            self.cycle.message_event.set()
            self._write_refusal(status, sentence)
        else:
            self.cycle.keep_alive = False
            self.flow.pause_reading()

    def _write_refusal(self, status: int, sentence: str) -> None:
        """The last word. What still comes is read and dropped for a moment: a reset would take the answer with it."""
        body = sentence.encode("ascii")
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, _REASONS[status], len(body), body)
        )
        self._hang_up()

    def _hang_up(self) -> None:
        """Say no more, and read and drop what the client is still sending until it closes or a moment has passed."""
        if not self.transport.can_write_eof():  # TLS has no half-closed connection
            self.transport.close()
            return
        self.transport.write_eof()
        self._deaf = True
        self.flow.resume_reading()
        self._await("linger", _LINGER)

    # ---------------------------------------------------------------------- parser

    def on_message_begin(self) -> None:
        if self._muted:
            return
        self._spoken = True
        self._in_header, self._in_body, self._body_seen, self._body_bytes = True, False, False, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._muted:
            return
        super().on_url(url)
        if len(self.url) > self.limits.url_bytes:
            self._refusal = (414, "The address is too long.")
            raise Refused(*self._refusal)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._muted:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._muted:
            return
        try:
            check_request(self.headers, self.parser.get_http_version(), self.limits)
        except Refused as refused:
            self._refusal = (refused.status, refused.sentence)
            raise
        self._in_header, self._in_body, self._head_bytes = False, True, 0
        super().on_headers_complete()
        # The application's task has been made and has not run yet: it will find the extension in its scope.
        self.scope["extensions"] = {WHOLE_ANSWER: {"send": partial(write_whole, self.cycle)}}

    def on_body(self, body: bytes) -> None:
        self._body_seen = True
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._muted and self.parser.should_upgrade():
            return  # the body is still to come; see _resume_after_upgrade
        self._in_body = False
        if self._owed in ("body", "linger"):
            self._await("")
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer that came before the body was whole: let the client finish for a moment, so that it reads it."""
        super().on_response_complete()
        if not self._in_body or self.pipeline or self.transport.is_closing():
            return
        if not self.cycle.keep_alive:
            self._hang_up()
        elif self.expect_100_continue and not self._body_seen:
            self.transport.close()  # it was never told to go on, and what it sends next cannot be told from a body
        else:
            self._await("linger", _LINGER)


def guarded(limits: Limits) -> type[GuardedProtocol]:
    """The protocol class with these limits, as uvicorn wants it."""
    return type("GuardedProtocol", (GuardedProtocol,), {"limits": limits})
