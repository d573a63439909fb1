"""The HTTP/2 connections to one host: as few as have room, another when all are full, up to a bound."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from heliograph.channels.transport.h2.connection import Connection
from heliograph.channels.transport.h2.headers import Head
from heliograph.channels.transport.h2.stream import Unprocessed
from heliograph.core.ports import ConnectFailed, Reply

CONNECTIONS = 8  # to one host at most
DOUBTED_AFTER = 30.0  # seconds of silence after which a connection must answer a ping before it is used
TURNED_AWAY = 3  # times that one request may be sent again because the far side says it did not look at it

Open = Callable[[Callable[[], None], float], Awaitable[Connection]]


class Pool:
    """`opener` makes a connection within so many seconds or raises ConnectFailed or AddressRefused."""

    def __init__(self, opener: Open) -> None:
        self._opener = opener
        self._loop = asyncio.get_running_loop()
        self._connections: list[Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def request(self, head: Head, body: bytes, now: float, deadline: float) -> Reply:
        """One request, sent again while it was certainly not looked at. Raises ConnectFailed, AddressRefused, ReplyLost."""
        why = ""
        for _ in range(TURNED_AWAY + 1):
            connection = self._free()
            if connection is None:
                connection = await self._place(deadline)
                now = self._loop.time()
            if now - connection.heard > DOUBTED_AFTER:
                if not await connection.alive():
                    self._drop(connection)
                    continue
                now = self._loop.time()
                if connection.session.room <= 0:  # it was taken or left while it was asked whether it lives
                    continue
            stream = connection.ask(head, body, now, deadline)
            try:
                return await stream.future
            except asyncio.CancelledError:
                connection.give_up(stream)
                raise
            except Unprocessed as turned_away:
                why = str(turned_away)
        raise ConnectFailed(f"not sent: {why or 'no connection would take it'}")

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._opening and not any(connection.session.streams for connection in self._connections)

    def retire(self) -> None:
        """Use none of the present connections for anything new."""
        for connection in list(self._connections):
            connection.retire()

    def close(self) -> None:
        """Let all connections go."""
        self._closed = True
        for task in self._opening:
            task.cancel()
        for connection in list(self._connections):
            connection.close()
        self._wake_all(ConnectFailed("the gateway is stopping"))

    def _free(self) -> Connection | None:
        for connection in self._connections:
            if connection.session.room > 0:
                return connection
        return None

    async def _place(self, deadline: float) -> Connection:
        """Wait for a connection with room, opening one where that may help."""
        while True:
            if self._closed:
                raise ConnectFailed("the gateway is stopping")
            connection = self._free()
            if connection is not None:
                return connection
            left = deadline - self._loop.time()
            if left <= 0:
                raise ConnectFailed("not sent in time: no connection has room")
            if not self._opening and len(self._connections) < CONNECTIONS:
                self._begin(left)
            await self._turn(left)

    async def _turn(self, left: float) -> None:
        turn: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(left):
                await turn
        except TimeoutError:
            raise ConnectFailed("not sent in time: no connection has room") from None
        finally:
            if turn.cancelled() and turn in self._waiting:
                self._waiting.remove(turn)

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
        if failure is not None and not self._connections:
            self._wake_all(failure)
        else:
            self._freed()

    def _freed(self) -> None:
        """A stream or a connection has ended or begun: let as many go on as there is room for."""
        waiting = self._waiting
        if any(connection.session.leaving for connection in self._connections):
            self._connections = [one for one in self._connections if not one.session.leaving or one.session.streams]
        if not waiting:
            return
        room = sum(connection.session.room for connection in self._connections)
        if not room and not self._opening and len(self._connections) < CONNECTIONS:
            room = 1  # it finds that there is none, and opens one
        while waiting and room > 0:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                room -= 1

    def _drop(self, connection: Connection) -> None:
        connection.close()
        if connection in self._connections:
            self._connections.remove(connection)

    def _wake_all(self, failure: Exception) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(failure)
