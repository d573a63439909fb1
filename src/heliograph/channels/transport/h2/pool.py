"""The HTTP/2 connections to one host: as few as have room, another when all are full, up to a bound."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from heliograph.channels.transport.h2.connection import Connection
from heliograph.channels.transport.h2.headers import Head
from heliograph.channels.transport.h2.stream import Unprocessed
from heliograph.core.ports import ConnectFailed, Reply

CONNECTIONS = 8  # to one host at most
DOUBTED_AFTER = 30.0  # seconds of silence after which a connection must answer a ping before it is used
PAUSE = 1.0  # seconds without a further connection after one that failed, while there are others
TURNED_AWAY = 3  # times that one request may be sent again because the far side says it did not look at it

_NO_ROOM = "not sent in time: no connection has room"

Open = Callable[[Callable[[], None], float], Awaitable[Connection]]


class Pool:
    """`opener` makes a connection within so many seconds or raises ConnectFailed or AddressRefused."""

    def __init__(self, opener: Open) -> None:
        self._opener = opener
        self._loop = asyncio.get_running_loop()
        self._connections: list[Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._latest = 0.0  # on the loop's clock: the end of the time of who may wait longest
        self._not_before = 0.0  # on the loop's clock: no further connection is tried before
        self._again: asyncio.TimerHandle | None = None
        self._closed = False

    async def request(self, head: Head, body: bytes, now: float, deadline: float) -> Reply:
        """One request, sent again while it was certainly not looked at. Raises ConnectFailed, AddressRefused, ReplyLost."""
        turned_away = 0
        while True:
            connection = self._free()
            if connection is None:
                connection = await self._place(deadline)
                now = self._loop.time()
            if now - connection.heard > DOUBTED_AFTER:
                try:
                    alive = await connection.alive()
                except asyncio.CancelledError:
                    self._freed()  # it had room and does not take it: the next one may
                    raise
                now = self._loop.time()
                if not alive:
                    connection.retire()  # what is under way there has an end of its own
                    self._freed()
                    continue
                if now >= deadline:
                    self._freed()
                    raise ConnectFailed("not sent in time: the connection was doubted")
                if connection.session.room <= 0:  # it was taken or left while it was asked whether it lives
                    continue
            stream = connection.ask(head, body, now, deadline)
            try:
                return await stream.future
            except asyncio.CancelledError:
                connection.give_up(stream)
                raise
            except Unprocessed as why:
                turned_away += 1
                if turned_away > TURNED_AWAY:
                    raise ConnectFailed(f"not sent: {why}") from None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return (
            not self._opening
            and not self._waiting
            and not any(connection.session.streams for connection in self._connections)
        )

    def retire(self) -> None:
        """Use none of the present connections for anything new."""
        for connection in list(self._connections):
            connection.retire()

    def close(self) -> None:
        """Let all connections go."""
        self._closed = True
        if self._again is not None:
            self._again.cancel()
        for task in self._opening:
            task.cancel()
        for connection in list(self._connections):
            connection.close()
        self._wake_all(ConnectFailed("the gateway is stopping"))

    def _free(self) -> Connection | None:
        doubted = None
        for connection in self._connections:
            if connection.session.room > 0:
                if not connection.doubted:
                    return connection
                doubted = connection
        return doubted

    async def _place(self, deadline: float) -> Connection:
        """Wait for a connection with room, opening one where that may help."""
        self._latest = max(self._latest, deadline)
        while True:
            if self._closed:
                raise ConnectFailed("the gateway is stopping")
            connection = self._free()
            if connection is not None:
                return connection
            left = deadline - self._loop.time()
            if left <= 0:
                self._freed()  # should this one have been called in, the next one is
                raise ConnectFailed(_NO_ROOM)
            if self._may_open():
                self._begin(self._latest - self._loop.time())  # it is for all who wait, and outlives who began it
            await self._turn(left)

    async def _turn(self, left: float) -> None:
        turn: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(left):
                await turn
        except BaseException as end:
            if turn.cancelled():
                with suppress(ValueError):
                    self._waiting.remove(turn)
            elif turn.exception() is None:
                self._freed()  # it was called in and does not come: the next one may
            if isinstance(end, TimeoutError):
                raise ConnectFailed(_NO_ROOM) from None
            raise

    def _may_open(self) -> bool:
        """Whether a further connection may be tried."""
        if self._opening or len(self._connections) >= CONNECTIONS:
            return False
        return self._loop.time() >= self._not_before or not self._lasting

    @property
    def _lasting(self) -> bool:
        """Whether there is a connection that will take something new again."""
        return any(not connection.session.leaving for connection in self._connections)

    def _begin(self, left: float) -> None:
        task = self._loop.create_task(self._open(left))
        self._opening.add(task)

    async def _open(self, left: float) -> None:
        failure: Exception | None = None
        try:
            connection = await self._opener(self._freed, left)
            if self._closed:
                connection.close()
            else:
                self._connections.append(connection)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            failure = error
        finally:
            task = asyncio.current_task()
            if task is not None:
                self._opening.discard(task)
        if failure is not None and not self._lasting:
            self._wake_all(failure)
            return
        if failure is not None and self._again is None and not self._closed:
            self._not_before = self._loop.time() + PAUSE
            self._again = self._loop.call_later(PAUSE, self._pause_over)
        self._freed()

    def _pause_over(self) -> None:
        self._again, self._not_before = None, 0.0
        self._freed()

    def _freed(self) -> None:
        """A stream or a connection has ended or begun: let as many go on as there is room for."""
        waiting = self._waiting
        if any(connection.session.leaving for connection in self._connections):
            self._connections = [one for one in self._connections if not one.session.leaving or one.session.streams]
        if not waiting:
            return
        room = sum(max(connection.session.room, 0) for connection in self._connections)
        if self._may_open():
            room += 1  # the last one finds that there is none, and opens a connection
        while waiting and room > 0:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                room -= 1

    def _wake_all(self, failure: Exception) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(failure)
