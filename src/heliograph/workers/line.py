"""A worker's own end of the line to its gateway."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from heliograph.workers.frames import Frame, Unpacker, packed
from heliograph.workers.limits import die_with_parent

_CHUNK = 256 * 1024
_Heard = TypeVar("_Heard")


class Gone(Exception):
    """The gateway has let go of this worker."""


def take_line() -> socket.socket | None:
    """The socket whose number is the first argument of this process; None when the gateway has ended already.

    The second argument is the gateway's process id.
    """
    die_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the gateway, which lets its workers go when it is done
        signal.signal(number, signal.SIG_IGN)
    if os.getppid() != int(sys.argv[2]):
        return None
    line = socket.socket(fileno=int(sys.argv[1]))
    line.set_inheritable(False)  # what a worker starts must not hold the line
    return line


class Line(Generic[_Heard]):
    """Frames in and out, one after the other."""

    def __init__(self, line: socket.socket, read: Callable[[bytes], _Heard]) -> None:
        """`read` makes a frame of its body."""
        self._line = line
        self._read = read
        self._unpacker = Unpacker()
        self._waiting: deque[_Heard] = deque()
        self._sending = threading.Lock()

    def next(self) -> _Heard:
        """The next frame, waited for. Raises Gone."""
        while not self._waiting:
            data = self._line.recv(_CHUNK)
            if not data:
                raise Gone
            self._waiting.extend(self._read(body) for body in self._unpacker.feed(data))
        return self._waiting.popleft()

    def put_back(self, frames: list[_Heard]) -> None:
        """These come next, in this order."""
        self._waiting.extendleft(reversed(frames))

    def send(self, frame: Frame) -> None:
        """Whole, whichever thread sends."""
        with self._sending:
            self._line.sendall(packed(frame))
