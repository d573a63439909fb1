"""One bound connection to a message centre: a window of requests under way, keep-alive, and what comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from heliograph.channels.smpp.pdu import (
    ANSWER,
    LAST_SEQUENCE,
    Bind,
    BrokenPdu,
    Command,
    Pdu,
    Sm,
    Status,
    Tag,
    read_pdu,
    read_sm,
    read_submitted,
    text_field,
)
from heliograph.core.ports import Clock

MISSES = 2  # enquire_link left unanswered before the connection is given up
_BACKLOG = 200  # messages from the other side that wait for us; above it they are asked to come later

Hear = Callable[[Sm], Awaitable[int]]
"""Takes what came in; the command_status to answer once it is kept."""


class NotSent(Exception):
    """The connection was gone before the request was written."""


class NoAnswer(Exception):
    """The request was written, and no answer came."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much and how long."""

    window: int  # submits under way at once
    answer: float  # seconds an answer may take
    idle: float  # seconds of silence after which the connection is tested


class Submitted(msgspec.Struct, frozen=True):
    """The answer to a submit."""

    status: int
    id: str
    congestion: int | None = None  # 0 to 100, where the other side tells


class Session:
    """Made from an open connection; `bind` first, then `submit` as often as you like, `close` in the end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits, hear: Hear, clock: Clock
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._hear = hear
        self._clock = clock
        self._window = asyncio.Semaphore(limits.window)
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._incoming: asyncio.Queue[Pdu] = asyncio.Queue(_BACKLOG)
        self._sequence = 0
        self._heard_at = clock.monotonic()
        self._tasks: list[asyncio.Task[None]] = []
        self._ended = asyncio.Event()
        self._leaving = False
        self.reason = ""  # why it ended

    @property
    def alive(self) -> bool:
        """Whether it may be used."""
        return not self._ended.is_set()

    async def bind(self, who: Bind) -> int:
        """Sign in as a transceiver; the status of the answer. Raises NotSent and NoAnswer."""
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._answer_incoming())]
        answer = await self._request(Command.BIND_TRANSCEIVER, who.encode())
        if answer.status == Status.OK:
            self._tasks.append(asyncio.create_task(self._keep_alive()))
        return answer.status

    async def submit(self, sm: Sm) -> Submitted:
        """Hand over one message. Raises NotSent and NoAnswer."""
        async with self._window:
            if self._leaving:  # what is asked now would be cut off with the session
                raise NotSent("the session is being left")
            answer = await self._request(Command.SUBMIT_SM, sm.encode())
            try:
                id, tlvs = read_submitted(answer.body)
            except BrokenPdu:
                id, tlvs = "", {}  # the status alone counts then
        told = tlvs.get(Tag.CONGESTION, b"")
        return Submitted(answer.status, id, told[0] if len(told) == 1 else None)

    async def ended(self) -> None:
        """Come back when the connection is gone."""
        await self._ended.wait()

    async def finish(self) -> None:
        """Let what is under way be answered, as long as an answer may take, and take nothing new; then close."""
        self._leaving = True
        waiting = list(self._waiting.values())
        if waiting:
            await asyncio.wait(waiting, timeout=self._limits.answer)
        await self.close()

    async def close(self, within: float = 2.0) -> None:
        """Say goodbye, for so many seconds at most, and close; a second time does nothing."""
        if self.alive:
            with suppress(NotSent, NoAnswer, TimeoutError):
                async with asyncio.timeout(within):
                    await self._request(Command.UNBIND, b"")
        self._end("closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(within):
                await self._writer.wait_closed()

    # ------------------------------------------------------------------------ asking

    async def _request(self, command: Command, body: bytes) -> Pdu:
        if not self.alive:
            raise NotSent(self.reason)
        sequence = self._next()
        waiting: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = waiting
        try:
            self._writer.write(Pdu(command, 0, sequence, body).encode())
            async with asyncio.timeout(self._limits.answer):
                await self._writer.drain()
                return await waiting
        except TimeoutError:
            raise NoAnswer(f"no answer within {self._limits.answer:g} seconds") from None
        except ConnectionError:
            self._end("the connection broke")
            raise NoAnswer(self.reason) from None
        finally:
            self._waiting.pop(sequence, None)
            if not waiting.cancel() and not waiting.cancelled():
                waiting.exception()  # the end of the session may have been told while it was still being written

    def _next(self) -> int:
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        while self._sequence in self._waiting:  # after two thousand million requests, one may still be open
            self._sequence = self._sequence % LAST_SEQUENCE + 1
        return self._sequence

    # ------------------------------------------------------------------------ hearing

    async def _read(self) -> None:
        try:
            while True:
                pdu = await read_pdu(self._reader)
                self._heard_at = self._clock.monotonic()
                self._sort(pdu)
        except asyncio.IncompleteReadError:
            self._end("the other side closed the connection")
        except (OSError, BrokenPdu) as failure:
            self._end(str(failure) if isinstance(failure, BrokenPdu) else "the connection broke")

    def _sort(self, pdu: Pdu) -> None:
        if pdu.command & ANSWER:
            waiting = self._waiting.get(pdu.sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result(pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            self._write(pdu.answer())
        elif pdu.command == Command.UNBIND:
            self._write(pdu.answer())
            self._end("the other side signed us off")
        elif pdu.command == Command.DELIVER_SM:
            self._queue(pdu)
        else:
            self._write(Pdu(Command.GENERIC_NACK, Status.INVALID_COMMAND, pdu.sequence))

    def _queue(self, pdu: Pdu) -> None:
        try:
            self._incoming.put_nowait(pdu)
        except asyncio.QueueFull:
            self._write(pdu.answer(Status.TRY_LATER, text_field("")))

    async def _answer_incoming(self) -> None:
        while True:
            pdu = await self._incoming.get()
            try:
                status = await self._hear(read_sm(pdu.body))
            except BrokenPdu:
                status = Status.REJECTED
            self._write(pdu.answer(status, text_field("")))

    async def _keep_alive(self) -> None:
        missed = 0
        while self.alive:
            await self._clock.sleep(self._limits.idle)
            if self._clock.monotonic() - self._heard_at < self._limits.idle:
                missed = 0
                continue
            try:
                await self._request(Command.ENQUIRE_LINK, b"")
                missed = 0
            except (NotSent, NoAnswer):
                missed += 1
            if missed >= MISSES:
                self._end("the other side no longer answers")

    # ------------------------------------------------------------------------ ending

    def _write(self, pdu: Pdu) -> None:
        if self.alive:
            self._writer.write(pdu.encode())

    def _end(self, reason: str) -> None:
        if self._ended.is_set():
            return
        self.reason = reason
        self._ended.set()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(NoAnswer(reason))
        self._writer.close()
