"""One worker process as the gateway sees it: started with a line of its own, spoken to, killed, waited for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping
from typing import cast

import msgspec

from heliograph.workers.frames import BrokenFrame, Frame, Unpacker, packed


class Child(asyncio.Protocol):
    """Speaks to one module run as a process. Whoever derives from it hears its frames, and of its end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._unpacker = Unpacker()
        self._verdict = ""  # why it was killed
        self._transport: asyncio.Transport | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._ending: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    # ---------------------------------------------------------------- for whoever derives

    def heard(self, body: bytes) -> None:
        """A frame has come. May raise msgspec.DecodeError and BrokenFrame for what is none."""
        raise NotImplementedError

    def parted(self) -> None:
        """The line is closed; `ended` follows once the process is gone."""

    def ended(self, reason: str) -> None:
        """The process is gone, for this reason."""
        raise NotImplementedError

    # ---------------------------------------------------------------- life

    async def spawn(self, module: str, environment: Mapping[str, str]) -> None:
        """Start the module in a fresh interpreter that inherits the line and nothing else. Raises OSError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", module, str(theirs.fileno()), str(os.getpid())),
                    pass_fds=[theirs.fileno()],
                    env=dict(environment),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    start_new_session=True,  # so that what a worker starts ends with it
                )
            await self._loop.create_unix_connection(lambda: self, sock=ours)
            if self._verdict:  # it was to end before it had begun
                self.kill(self._verdict)
        except BaseException:
            ours.close()
            self.kill("it could not be started")
            self._over.set()
            raise

    def write(self, frame: Frame) -> None:
        """Send a frame; nothing when the line is closed."""
        if self._transport is not None:
            self._transport.write(packed(frame))

    def let_go(self) -> None:
        """Close the line, by which a worker with nothing to do ends itself."""
        if self._transport is not None:
            self._transport.close()

    def kill(self, why: str) -> None:
        """End it now."""
        self._verdict = self._verdict or why
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._transport is not None:
            self._transport.abort()

    async def wait(self) -> None:
        """Until the process is gone, and whoever derives knows."""
        if self._process is not None:
            await self._over.wait()

    @property
    def open(self) -> bool:
        """Whether a frame that is sent now may be heard."""
        line = self._transport
        return line is not None and not line.is_closing() and not self._verdict

    @property
    def gone(self) -> bool:
        """Whether the process has ended, and whoever derives knows."""
        return self._over.is_set()

    @property
    def pid(self) -> int:
        """The process's id, 0 before it starts."""
        return self._process.pid if self._process is not None else 0

    # ---------------------------------------------------------------- the line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._unpacker.feed(data):
                self.heard(body)
        except (msgspec.DecodeError, BrokenFrame) as error:
            self.kill(f"it does not keep to the protocol ({error})")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.parted()
        self._ending = self._loop.create_task(self._end())

    async def _end(self) -> None:
        code = await self._exit_code()
        try:
            self.ended(self._verdict or in_words(code))
        finally:
            self._over.set()

    async def _exit_code(self) -> int:
        if self._process is None:
            return 0
        try:
            return await asyncio.wait_for(self._process.wait(), 1.0)
        except TimeoutError:  # it closed its line and lives on
            self.kill("it closed its line")
            return await self._process.wait()


def in_words(code: int) -> str:
    """How a process ended."""
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"
