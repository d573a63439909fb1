"""HTTP/2 frames as bytes: how they are written, and how a stream of bytes is cut into them (RFC 9113, 4 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST_FRAME = 16_384  # bytes of payload: the least that everyone takes, and the most that we announce
LAST_STREAM = 2**31 - 1
LARGEST_WINDOW = 2**31 - 1

_HEAD = Struct(">BHBBL")  # length in 8 + 16 bits, type, flags, stream
_HEAD_SIZE = _HEAD.size
_WORD = Struct(">L")
_SETTING = Struct(">HL")


class Kind(IntEnum):
    """Types of frame. Others are ignored (RFC 9113, 5.5)."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Flag(IntEnum):
    """Flags; ACK and END_STREAM are the same bit on different types."""

    ACK = 0x1
    END_STREAM = 0x1
    END_HEADERS = 0x4
    PADDED = 0x8
    PRIORITY = 0x20


class Setting(IntEnum):
    """What each side tells the other at the start (RFC 9113, 6.5.2)."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class Code(IntEnum):
    """Why a stream or a connection ends (RFC 9113, 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class BrokenRule(Exception):
    """The far side broke a rule of the protocol: the whole connection ends with that code."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code


# As plain numbers: a member of an enum is looked up each time it is named, and these are named for every request.
_HEADERS, _END_HEADERS = int(Kind.HEADERS), int(Flag.END_HEADERS)
DATA, END_STREAM = int(Kind.DATA), int(Flag.END_STREAM)

Frame = tuple[int, int, int, bytes]  # type, flags, stream, payload


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    size = len(payload)
    return _HEAD.pack(size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def settings(values: dict[int, int]) -> bytes:
    """A SETTINGS frame."""
    return frame(Kind.SETTINGS, 0, 0, b"".join(_SETTING.pack(*pair) for pair in values.items()))


def window_update(stream: int, by: int) -> bytes:
    """Room for so many bytes more; stream 0 is the whole connection."""
    return frame(Kind.WINDOW_UPDATE, 0, stream, _WORD.pack(by))


def reset(stream: int, code: Code) -> bytes:
    """The end of one stream."""
    return frame(Kind.RST_STREAM, 0, stream, _WORD.pack(code))


def goaway(code: Code) -> bytes:
    """The end of the connection; as servers never open streams to us, the last one processed is 0."""
    return frame(Kind.GOAWAY, 0, 0, _WORD.pack(0) + _WORD.pack(code))


def header_frames(stream: int, block: bytes, flags: int) -> bytes:
    """A header block as one HEADERS frame and as many CONTINUATION frames as it needs."""
    if len(block) <= LARGEST_FRAME:
        return frame(_HEADERS, flags | _END_HEADERS, stream, block)
    parts = [block[at : at + LARGEST_FRAME] for at in range(0, len(block), LARGEST_FRAME)]
    frames = [frame(Kind.HEADERS, flags, stream, parts[0])]
    frames += [frame(Kind.CONTINUATION, 0, stream, part) for part in parts[1:-1]]
    frames.append(frame(Kind.CONTINUATION, Flag.END_HEADERS, stream, parts[-1]))
    return b"".join(frames)


def cut(data: bytes) -> tuple[list[Frame], bytes]:
    """All whole frames, and what is left over. Raises BrokenRule for one that is larger than we announced."""
    frames: list[Frame] = []
    at, end = 0, len(data)
    unpack = _HEAD.unpack_from
    while end - at >= _HEAD_SIZE:
        high, low, kind, flags, stream = unpack(data, at)
        size = high << 16 | low
        if size > LARGEST_FRAME:
            raise BrokenRule(Code.FRAME_SIZE_ERROR, "a frame larger than was announced")
        start = at + _HEAD_SIZE
        if start + size > end:
            break
        at = start + size
        frames.append((kind, flags, stream & LAST_STREAM, data[start:at]))
    return frames, data[at:]


def unpadded(flags: int, payload: bytes) -> bytes:
    """The payload of a DATA or HEADERS frame without its padding and priority."""
    start, end = 0, len(payload)
    if flags & Flag.PADDED:
        if not payload:
            raise BrokenRule(Code.FRAME_SIZE_ERROR, "padding without its length")
        start, end = 1, end - payload[0]
    if flags & Flag.PRIORITY:
        start += 5
    if start > end:
        raise BrokenRule(Code.PROTOCOL_ERROR, "more padding than payload")
    return payload[start:end]


def word(payload: bytes, at: int = 0) -> int:
    """Four bytes as a number."""
    return int(_WORD.unpack_from(payload, at)[0])


def pairs(payload: bytes) -> Iterator[tuple[int, int]]:
    """The values of a SETTINGS frame, whose length is known to fit."""
    return _SETTING.iter_unpack(payload)
