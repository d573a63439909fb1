"""How gateway and worker speak: length-prefixed msgpack frames over a pair of sockets."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

_HEAD = 4  # bytes of a frame's length, big endian
LARGEST = 16 * 1024 * 1024  # bytes of one frame


class Frame(msgspec.Struct, array_like=True, tag=True, frozen=True):
    """Anything that travels."""


class BrokenFrame(Exception):
    """The other side does not keep to the protocol."""


_encoder = msgspec.msgpack.Encoder()


def packed(frame: Frame) -> bytes:
    """The frame as it travels."""
    body = _encoder.encode(frame)
    return len(body).to_bytes(_HEAD, "big") + body


class Unpacker:
    """Bytes as they come to whole frames' bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that are whole now. Raises BrokenFrame for one that is larger than any may be."""
        buffer = self._buffer
        buffer += data
        start, end = 0, len(buffer)
        while end - start >= _HEAD:
            size = int.from_bytes(buffer[start : start + _HEAD], "big")
            if size > LARGEST:
                raise BrokenFrame(f"a frame of {size} bytes")
            if end - start - _HEAD < size:
                break
            start += _HEAD
            yield bytes(buffer[start : start + size])
            start += size
        del buffer[:start]
