"""One HTTP/2 connection on a socket: writes what the session has to say once a turn, and watches the deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from heliograph.channels.transport.h2 import frames
from heliograph.channels.transport.h2.frames import BrokenRule, Code
from heliograph.channels.transport.h2.headers import Head
from heliograph.channels.transport.h2.session import Session
from heliograph.channels.transport.h2.stream import Stream
from heliograph.core.ports import Reply, ReplyLost, Unreachable

GRAIN = 0.02  # seconds: deadlines are looked at no more often than this
PING_WAIT = 3.0  # seconds, at most, for the answer to that ping
MOST_UNSENT = 16 * 1024 * 1024  # bytes that the socket may hold back before the connection counts as dead


class Connection(asyncio.Protocol):
    """`freed` is called whenever a stream has ended or the connection has."""

    def __init__(self, max_reply: int, freed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self.session = Session(max_reply)
        self.understood = False  # whether the far side has chosen HTTP/2
        self._freed = freed
        self._socket: asyncio.Transport | None = None
        self._flush_planned = False
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = float("inf")
        self.heard = self._loop.time()  # when bytes last came
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._pong: asyncio.Future[None] | None = None
        self._why = "the connection was closed"

    async def begun(self) -> None:
        """Come back when the far side's settings are here. Raises ConnectFailed."""
        await self._ready

    @property
    def doubted(self) -> bool:
        """Whether it has been asked if it lives, and has not answered yet."""
        return self._pong is not None

    async def alive(self) -> bool:
        """Whether the far side answers a ping in time."""
        if self._pong is None:
            self._pong = self._loop.create_future()
            self.session.ping()
            self._plan_flush()
        done, _ = await asyncio.wait([self._pong], timeout=PING_WAIT)
        return bool(done)

    def ask(self, head: Head, body: bytes, now: float, deadline: float) -> Stream:
        """Begin a request; there must be room. Its future gets the Reply, Unprocessed or ReplyLost."""
        future: asyncio.Future[Reply] = self._loop.create_future()
        stream = self.session.open(head, body, deadline, future)
        stream.started = now
        if deadline < self._alarm_at:
            self._set_alarm(deadline)
        if not self._flush_planned:
            self._plan_flush()
        return stream

    def give_up(self, stream: Stream) -> None:
        """Nobody waits for this answer any more."""
        self.session.give_up(stream)
        self._plan_flush()
        self._freed()

    def retire(self) -> None:
        """Take nothing new; go when what is under way has ended."""
        self.session.leaving = True
        if not self.session.streams:
            self._retire()

    def close(self) -> None:
        """Say farewell and go; what is under way is lost."""
        if self._socket is not None and not self._socket.is_closing():
            self.session.out.append(frames.goaway(Code.NO_ERROR))
            self._flush()
            self._socket.close()
        self._ended("the gateway is stopping")

    # ------------------------------------------------------------------------- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello to those who speak HTTP/2; to others nothing."""
        socket = cast("asyncio.Transport", transport)  # uvloop's do not descend from it
        if socket.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            socket.abort()
            return
        self.understood = True
        self._socket = socket
        self._plan_flush()

    def data_received(self, data: bytes) -> None:
        """Pass it to the session, and end with what breaks the rules."""
        self.heard = self._loop.time()
        session = self.session
        try:
            session.receive(data)
        except BrokenRule as broken:
            self._break(broken)
            return
        if session.out:
            self._plan_flush()
        if session.ready and not self._ready.done():
            self._ready.set_result(None)
        if self._pong is not None and session.answered_pings:
            session.answered_pings = 0
            if not self._pong.done():
                self._pong.set_result(None)
            self._pong = None
        if session.leaving and not session.streams:
            self._retire()
        self._freed()

    def eof_received(self) -> bool:
        """Nothing more will come."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._ended(self._why if exc is None else f"the connection broke ({type(exc).__name__})")

    # ------------------------------------------------------------------------------------ inside

    def _plan_flush(self) -> None:
        if not self._flush_planned:
            self._flush_planned = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        out, socket = self.session.out, self._socket
        if not out or socket is None or socket.is_closing():
            return
        socket.write(out[0] if len(out) == 1 else b"".join(out))
        out.clear()
        if socket.get_write_buffer_size() > MOST_UNSENT:
            self._why = "the far side takes nothing"
            socket.abort()

    def _break(self, broken: BrokenRule) -> None:
        self._why = f"the far side broke HTTP/2: {broken}"
        if self._socket is not None and not self._socket.is_closing():
            self.session.out.append(frames.goaway(broken.code))
            self._flush()
            self._socket.close()
        self._ended(self._why)

    def _retire(self) -> None:
        if self._socket is not None:
            self._flush()
            self._socket.close()

    def _ended(self, why: str) -> None:
        self.session.lost(why)
        if self._alarm is not None:
            self._alarm.cancel()
        if not self._ready.done():
            self._ready.set_exception(Unreachable(f"could not connect: {why}"))
            self._ready.exception()  # whoever waits has it; nobody may be waiting any more
        if self._pong is not None and not self._pong.done():
            self._pong.set_result(None)
        self._freed()

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        """End the requests whose time is over. A connection that was silent all their time takes no new ones."""
        now = self._loop.time()
        self._alarm, self._alarm_at = None, float("inf")
        over = [stream for stream in self.session.streams.values() if stream.deadline <= now]
        for stream in over:
            if self.heard < stream.started:
                self.session.leaving = True
            self.session.give_up(stream)
            stream.fail(ReplyLost("no answer in time"))
        if over:
            self._plan_flush()
            self._freed()
        if self.session.streams:
            nearest = min(stream.deadline for stream in self.session.streams.values())
            self._set_alarm(max(nearest, now + GRAIN))
        elif self.session.leaving:
            self._retire()
