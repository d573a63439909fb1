"""The state of one HTTP/2 connection, without a socket: bytes in, bytes out, streams that end (RFC 9113)."""

from __future__ import annotations

import asyncio

from heliograph.channels.transport.h2 import frames
from heliograph.channels.transport.h2.frames import BrokenRule, Code, Flag, Kind, Setting
from heliograph.channels.transport.h2.headers import MOST_HEADERS, BadHeaders, Head, Reader, Writer
from heliograph.channels.transport.h2.stream import Stream, Unprocessed
from heliograph.core.ports import Reply, ReplyLost

USUAL_WINDOW = 65_535
OUR_WINDOW = 4 * 1024 * 1024  # bytes of answers that may be under way on the whole connection
USUAL_STREAMS = 100  # that may be open when the far side does not say
MOST_STREAMS = 10_000  # however many the far side offers
MOST_BLOCK = 64 * 1024  # bytes of a header block in CONTINUATION frames
MOST_IDLE_FRAMES = 2000  # frames that further no stream, between two that do
_SAFE = frozenset({Code.REFUSED_STREAM})


class Session:
    """`out` is what to send; `streams` are those open. All methods but `receive` leave nothing to be raised."""

    def __init__(self, max_reply: int) -> None:
        self._max_reply = max_reply
        self._writer, self._reader = Writer(), Reader()
        self._next = 1
        self._window = USUAL_WINDOW  # bytes that the far side takes now
        self._their_window = USUAL_WINDOW  # the same, for a new stream
        self._their_frame = frames.LARGEST_FRAME
        self._our_window = OUR_WINDOW  # bytes that we have left to take
        self._rest = b""
        self._block: tuple[int, int, bytes] | None = None  # stream, flags and what came of an unfinished header block
        self._idle_frames = 0
        self._stuck: dict[int, Stream] = {}  # whose bodies wait for a window
        self.streams: dict[int, Stream] = {}
        self.limit = USUAL_STREAMS  # streams that may be open at once
        self.ready = False  # whether the far side's first settings have come
        self.leaving = False  # whether no new stream may be opened
        self.answered_pings = 0
        window = max(USUAL_WINDOW, max_reply + frames.LARGEST_FRAME)
        self.out: list[bytes] = [
            frames.PREFACE,
            frames.settings(
                {
                    Setting.HEADER_TABLE_SIZE: 0,
                    Setting.ENABLE_PUSH: 0,
                    Setting.INITIAL_WINDOW_SIZE: window,
                    Setting.MAX_HEADER_LIST_SIZE: MOST_HEADERS,
                }
            ),
            frames.window_update(0, OUR_WINDOW - USUAL_WINDOW),
        ]
        self._handlers = {
            Kind.DATA: self._data,
            Kind.HEADERS: self._headers,
            Kind.RST_STREAM: self._reset,
            Kind.SETTINGS: self._settings,
            Kind.PUSH_PROMISE: self._push,
            Kind.PING: self._ping,
            Kind.GOAWAY: self._goaway,
            Kind.WINDOW_UPDATE: self._window_update,
            Kind.CONTINUATION: self._continuation,
        }

    @property
    def room(self) -> int:
        """How many streams may be opened now."""
        return 0 if self.leaving else self.limit - len(self.streams)

    # ------------------------------------------------------------------------------- what we send

    def open(self, head: Head, body: bytes, deadline: float, future: asyncio.Future[Reply]) -> Stream:
        """Send a request; there must be room."""
        stream = Stream(self._next, deadline, future, self._their_window, head)
        self._next += 2
        if self._next > frames.LAST_STREAM:
            self.leaving = True
        self.streams[stream.id] = stream
        size = len(body)
        self.out.append(frames.header_frames(stream.id, self._writer.block(head), 0 if size else frames.END_STREAM))
        if 0 < size <= self._window and size <= stream.window and size <= self._their_frame:
            self._window -= size
            stream.window -= size
            self.out.append(frames.frame(frames.DATA, frames.END_STREAM, stream.id, body))
        elif size:
            stream.rest = body
            self._send_body(stream)
        return stream

    def give_up(self, stream: Stream) -> None:
        """Nobody waits for this answer any more."""
        if self.streams.pop(stream.id, None) is not None:
            self._stuck.pop(stream.id, None)
            self.out.append(frames.reset(stream.id, Code.CANCEL))

    def ping(self) -> None:
        """Ask whether the far side is there; `answered_pings` grows when it says so."""
        self.out.append(frames.frame(Kind.PING, 0, 0, b"heliopng"))

    def lost(self, why: str) -> None:
        """The connection has ended: what was under way is in doubt."""
        self.leaving = True
        for stream in list(self.streams.values()):
            stream.fail(ReplyLost(why))
        self.streams.clear()
        self._stuck.clear()

    def _send_body(self, stream: Stream) -> None:
        while stream.rest:
            size = min(len(stream.rest), self._window, stream.window, self._their_frame)
            if size <= 0:
                self._stuck[stream.id] = stream
                return
            part, stream.rest = stream.rest[:size], stream.rest[size:]
            self._window -= size
            stream.window -= size
            self.out.append(frames.frame(Kind.DATA, 0 if stream.rest else Flag.END_STREAM, stream.id, part))
        self._stuck.pop(stream.id, None)

    def _send_stuck(self) -> None:
        for stream in list(self._stuck.values()):
            if self._window <= 0:
                return
            self._send_body(stream)

    # ---------------------------------------------------------------------------- what they send

    def receive(self, data: bytes) -> None:
        """Take what came. Raises BrokenRule, after which the connection is of no more use."""
        found, self._rest = frames.cut(self._rest + data if self._rest else data)
        for kind, flags, id, payload in found:
            if self._block is not None and kind != Kind.CONTINUATION:
                raise BrokenRule(Code.PROTOCOL_ERROR, "a header block was interrupted")
            if not self.ready and kind != Kind.SETTINGS:
                raise BrokenRule(Code.PROTOCOL_ERROR, "something came before the settings")
            handler = self._handlers.get(kind)  # type: ignore[call-overload]  # a number is equal to its name
            if handler is None:
                self._idled()
            else:
                handler(flags, id, payload)

    def _idled(self) -> None:
        self._idle_frames += 1
        if self._idle_frames > MOST_IDLE_FRAMES:
            raise BrokenRule(Code.ENHANCE_YOUR_CALM, "many frames that lead nowhere")

    def _stream(self, id: int) -> Stream | None:
        """None for one that has ended. Raises BrokenRule for one that never began."""
        if not id & 1 or id >= self._next:
            raise BrokenRule(Code.PROTOCOL_ERROR, "a frame of a stream that was never opened")
        return self.streams.get(id)

    def _headers(self, flags: int, id: int, payload: bytes) -> None:
        block = frames.unpadded(flags, payload) if flags & (Flag.PADDED | Flag.PRIORITY) else payload
        if flags & Flag.END_HEADERS:
            self._whole_headers(flags, id, block)
        else:
            self._block = (id, flags, block)

    def _continuation(self, flags: int, id: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != id:
            raise BrokenRule(Code.PROTOCOL_ERROR, "a continuation of nothing")
        self._idled()
        first_flags, block = self._block[1], self._block[2] + payload
        if len(block) > MOST_BLOCK:
            raise BrokenRule(Code.ENHANCE_YOUR_CALM, "headers without end")
        self._block = (id, first_flags, block)
        if flags & Flag.END_HEADERS:
            self._block = None
            self._whole_headers(first_flags, id, block)

    def _whole_headers(self, flags: int, id: int, block: bytes) -> None:
        stream = self._stream(id)
        try:
            status, headers = self._reader.read(block)
            if stream is None:
                self._idled()
                return
            if stream.status:
                if status or not flags & Flag.END_STREAM:
                    raise BadHeaders("the answer has a malformed trailer")
            elif status < 100:
                raise BadHeaders("the answer has no status")
            elif status < 200:
                if flags & Flag.END_STREAM or status == 101:
                    raise BadHeaders("the answer ends before it begins")
                self._idled()
                return
            else:
                stream.status, stream.headers = status, headers
        except BadHeaders as bad:
            self._refuse(id, str(bad))
            return
        if flags & Flag.END_STREAM:
            self._end(stream)

    def _data(self, flags: int, id: int, payload: bytes) -> None:
        stream = self._stream(id)
        self._our_window -= len(payload)
        if self._our_window < 0:
            raise BrokenRule(Code.FLOW_CONTROL_ERROR, "more than we have room for")
        if self._our_window < OUR_WINDOW // 2:
            self.out.append(frames.window_update(0, OUR_WINDOW - self._our_window))
            self._our_window = OUR_WINDOW
        part = frames.unpadded(flags & ~Flag.PRIORITY, payload) if flags & Flag.PADDED else payload
        if stream is None or not part:
            self._idled()
        if stream is None:
            return
        if not stream.status:
            self._refuse(id, "the answer has no headers")
            return
        stream.parts.append(part)
        stream.size += len(part)
        if flags & frames.END_STREAM:
            self._end(stream)
        elif stream.size >= self._max_reply:
            self._cut(stream)

    def _cut(self, stream: Stream) -> None:
        stream.parts = [b"".join(stream.parts)[: self._max_reply]]
        self.give_up(stream)
        stream.finish()

    def _end(self, stream: Stream) -> None:
        if not stream.whole:
            self._refuse(stream.id, "the answer is not as long as it says")
            return
        if stream.size > self._max_reply:
            stream.parts = [b"".join(stream.parts)[: self._max_reply]]
        self._idle_frames = 0
        if stream.rest:  # answered before it was all sent
            self.give_up(stream)
        else:
            del self.streams[stream.id]
        stream.finish()

    def _refuse(self, id: int, why: str) -> None:
        """The answer breaks the rules: this stream ends."""
        stream = self.streams.pop(id, None)
        self._stuck.pop(id, None)
        self.out.append(frames.reset(id, Code.PROTOCOL_ERROR))
        if stream is not None:
            stream.fail(ReplyLost(why))

    def _reset(self, flags: int, id: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise BrokenRule(Code.FRAME_SIZE_ERROR, "a reset of the wrong size")
        self._idled()
        stream = self._stream(id)
        if stream is None:
            return
        del self.streams[id]
        self._stuck.pop(id, None)
        code = frames.word(payload)
        if code in _SAFE:
            stream.fail(Unprocessed("the far side refused the stream"))
        else:
            stream.fail(ReplyLost(f"no answer: the stream was reset ({_name(code)})"))

    def _settings(self, flags: int, id: int, payload: bytes) -> None:
        if id:
            raise BrokenRule(Code.PROTOCOL_ERROR, "settings of a stream")
        if len(payload) % 6 or (flags & Flag.ACK and payload):
            raise BrokenRule(Code.FRAME_SIZE_ERROR, "settings of the wrong size")
        self._idled()
        if flags & Flag.ACK:
            return
        for name, value in frames.pairs(payload):
            self._set(name, value)
        if not self.ready:
            self.ready = True
        self.out.append(frames.frame(Kind.SETTINGS, Flag.ACK, 0))
        self._send_stuck()

    def _set(self, name: int, value: int) -> None:
        if name == Setting.HEADER_TABLE_SIZE:
            self._writer.resize(value)
        elif name == Setting.MAX_CONCURRENT_STREAMS:
            self.limit = min(value, MOST_STREAMS)
        elif name == Setting.INITIAL_WINDOW_SIZE:
            if value > frames.LARGEST_WINDOW:
                raise BrokenRule(Code.FLOW_CONTROL_ERROR, "a window larger than any")
            for stream in self.streams.values():
                stream.window += value - self._their_window
            self._their_window = value
        elif name == Setting.MAX_FRAME_SIZE:
            if not frames.LARGEST_FRAME <= value < 2**24:
                raise BrokenRule(Code.PROTOCOL_ERROR, "a frame size that cannot be")
            self._their_frame = value
        elif name == Setting.ENABLE_PUSH and value:
            raise BrokenRule(Code.PROTOCOL_ERROR, "a server that enables push")

    def _push(self, flags: int, id: int, payload: bytes) -> None:
        raise BrokenRule(Code.PROTOCOL_ERROR, "a push that was not asked for")

    def _ping(self, flags: int, id: int, payload: bytes) -> None:
        if id:
            raise BrokenRule(Code.PROTOCOL_ERROR, "a ping of a stream")
        if len(payload) != 8:
            raise BrokenRule(Code.FRAME_SIZE_ERROR, "a ping of the wrong size")
        self._idled()
        if flags & Flag.ACK:
            self.answered_pings += 1
        else:
            self.out.append(frames.frame(Kind.PING, Flag.ACK, 0, payload))

    def _goaway(self, flags: int, id: int, payload: bytes) -> None:
        if id or len(payload) < 8:
            raise BrokenRule(Code.PROTOCOL_ERROR, "a farewell that cannot be read")
        self._idled()
        self.leaving = True
        last = frames.word(payload) & frames.LAST_STREAM
        for late in [one for one in self.streams if one > last]:
            stream = self.streams.pop(late)
            self._stuck.pop(late, None)
            stream.fail(Unprocessed(f"the far side is leaving ({_name(frames.word(payload, 4))})"))

    def _window_update(self, flags: int, id: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise BrokenRule(Code.FRAME_SIZE_ERROR, "a window of the wrong size")
        by = frames.word(payload) & frames.LARGEST_WINDOW
        self._idled()
        if not id:
            self._window += by
            if not by or self._window > frames.LARGEST_WINDOW:
                raise BrokenRule(Code.FLOW_CONTROL_ERROR, "a window larger than any")
            if self._stuck:
                self._send_stuck()
            return
        stream = self._stream(id)
        if stream is None:
            return
        stream.window += by
        if not by or stream.window > frames.LARGEST_WINDOW:
            self._refuse(id, "the far side gave the stream a window that cannot be")
        elif stream.rest:
            self._send_body(stream)


def _name(code: int) -> str:
    return Code(code).name if code in Code.__members__.values() else str(code)
