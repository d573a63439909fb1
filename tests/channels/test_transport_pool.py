"""The pool of HTTP/2 connections under every order of events: each request ends, and none waits while there is room."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from heliograph.channels.transport.h2 import frames
from heliograph.channels.transport.h2.connection import Connection
from heliograph.channels.transport.h2.frames import Code, Kind, Setting
from heliograph.channels.transport.h2.pool import CONNECTIONS, DOUBTED_AFTER, Pool
from heliograph.core.ports import ConnectFailed, Reply, ReplyLost

pytestmark = pytest.mark.anyio

HEAD = [(b":method", b"POST"), (b":path", b"/")]
_OK = b"\x88"  # :status 200 in HPACK's static table


class FarSide:
    """What a server may do, as bytes into connections that have no socket."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.limit = 2  # streams at once, of connections made from now on
        self.refuses = False  # connections
        self.gates: list[asyncio.Event] | None = None  # of connections that are being made; None: they are made at once
        self.tried = 0
        self.pool = Pool(self.open)

    async def open(self, freed: Callable[[], None], limit: float) -> Connection:
        self.tried += 1
        if self.gates is not None:
            gate = asyncio.Event()
            self.gates.append(gate)
            try:
                async with asyncio.timeout(limit):
                    await gate.wait()
            except TimeoutError:
                raise ConnectFailed("could not connect in time") from None
        else:
            await asyncio.sleep(0)
        if self.refuses:
            raise ConnectFailed("refused")
        made = Connection(1000, freed)
        made.data_received(frames.settings({Setting.MAX_CONCURRENT_STREAMS: self.limit}))
        self.connections.append(made)
        return made

    def ask(self, within: float = 5.0) -> asyncio.Task[Reply]:
        now = asyncio.get_running_loop().time()
        return asyncio.create_task(self.pool.request(HEAD, b"", now, now + within))

    @property
    def streams(self) -> list[tuple[Connection, int]]:
        return [(one, id) for one in self.connections for id in one.session.streams]

    def answer(self, connection: Connection, id: int) -> None:
        connection.data_received(frames.header_frames(id, _OK, frames.END_STREAM))

    def allow(self, connection: Connection, streams: int) -> None:
        connection.data_received(frames.settings({Setting.MAX_CONCURRENT_STREAMS: streams}))

    def farewell(self, connection: Connection, last: int) -> None:
        word = last.to_bytes(4, "big") + bytes(4)
        connection.data_received(frames.frame(Kind.GOAWAY, 0, 0, word))


@pytest.fixture
async def far() -> FarSide:
    return FarSide()


async def turns(count: int = 8) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_connection_that_allows_less_than_it_has_keeps_nobody_from_the_room_on_another(far: FarSide) -> None:
    first = [far.ask() for _ in range(2)]
    await turns()
    [crowded] = far.connections
    others = [far.ask() for _ in range(4)]  # two of them fill a second connection
    far.limit = 1
    await turns()
    far.allow(crowded, 0)
    for connection, id in [place for place in far.streams if place[0] is not crowded]:
        far.answer(connection, id)
        await turns()

    for connection, id in [place for place in far.streams if place[0] is not crowded]:
        far.answer(connection, id)
        await turns()
    for _ in range(4):
        for connection, id in [place for place in far.streams if place[0] is not crowded]:
            far.answer(connection, id)
        await turns()

    assert [one.done() for one in others] == [True] * 4
    for connection, id in far.streams:
        far.answer(connection, id)
    await asyncio.gather(*first, *others)


async def test_the_turn_of_one_that_was_broken_off_goes_to_the_next(far: FarSide) -> None:
    far.limit = 1
    held = [far.ask() for _ in range(CONNECTIONS)]
    await turns(40)
    broken_off, waiting = far.ask(), far.ask()
    await turns()

    far.answer(*far.streams[0])
    broken_off.cancel()  # it has its turn and has not taken it
    await turns()

    assert len(far.streams) == CONNECTIONS, "there is room, and one that waits for it"
    for connection, id in far.streams:
        far.answer(connection, id)
    await asyncio.gather(*held, waiting)


async def test_a_server_that_takes_no_further_connection_is_not_asked_for_one_without_a_pause(far: FarSide) -> None:
    tasks = [far.ask() for _ in range(2)]
    await turns()
    far.refuses = True
    tasks += [far.ask() for _ in range(3)]
    await turns(200)

    assert far.tried <= 3
    for _ in range(4):
        for connection, id in far.streams:
            far.answer(connection, id)
        await turns()
    assert [(await one).status for one in tasks] == [200] * 5


async def test_a_connection_is_opened_for_all_who_wait_and_not_in_the_little_time_of_the_first(far: FarSide) -> None:
    far.gates = []
    patient = far.ask(within=30.0)
    await turns()
    far.refuses = True
    far.gates[0].set()  # it fails, and so does who waited for it
    with pytest.raises(ConnectFailed):
        await patient
    far.refuses = False

    hasty, patient = far.ask(within=0.02), far.ask(within=30.0)
    with pytest.raises(ConnectFailed):
        await hasty
    await turns()
    far.gates[1].set()
    await turns()

    far.answer(*far.streams[0])
    assert (await patient).status == 200


async def test_what_is_under_way_on_a_connection_that_says_farewell_while_it_is_doubted_may_finish(
    far: FarSide,
) -> None:
    early = far.ask(within=60.0)
    await turns()
    [connection] = far.connections
    connection.heard -= DOUBTED_AFTER + 1
    later = far.ask()
    await turns()

    connection.data_received(frames.frame(Kind.PING, frames.Flag.ACK, 0, b"heliopng"))
    far.farewell(connection, 1)
    await turns()
    far.answer(connection, 1)
    await turns()

    assert (await early).status == 200
    far.answer(*far.streams[0])
    assert (await later).status == 200


async def test_what_is_past_its_time_when_a_doubted_connection_answers_is_not_sent(far: FarSide) -> None:
    far.answer(*await far_stream(far))
    [connection] = far.connections
    connection.heard -= DOUBTED_AFTER + 1
    late = far.ask(within=0.02)
    await asyncio.sleep(0.05)
    connection.data_received(frames.frame(Kind.PING, frames.Flag.ACK, 0, b"heliopng"))

    with pytest.raises(ConnectFailed):
        await late
    assert far.streams == []


@pytest.mark.parametrize("end", ["its time is over", "it is broken off"])
async def test_the_turn_of_one_that_leaves_while_it_asks_a_doubted_connection_goes_to_the_next(
    far: FarSide, end: str
) -> None:
    far.limit = 1
    held = far.ask()
    await turns()
    [connection] = far.connections
    far.refuses = True  # any other connection
    first, second = far.ask(within=0.02 if end == "its time is over" else 5.0), far.ask()
    await turns()
    connection.heard -= DOUBTED_AFTER + 1
    held.cancel()
    await turns()
    if end == "its time is over":
        await asyncio.sleep(0.05)
        connection.data_received(frames.frame(Kind.PING, frames.Flag.ACK, 0, b"heliopng"))
    else:
        first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await turns()

    assert not far.pool._waiting, "the next one asks, too, or is sent"
    connection.data_received(frames.frame(Kind.PING, frames.Flag.ACK, 0, b"heliopng"))
    await turns()
    far.answer(*far.streams[0])
    assert (await second).status == 200


async def far_stream(far: FarSide) -> tuple[Connection, int]:
    far.ask()
    await turns()
    return far.streams[0]


class Chance:
    """One story: what befalls requests and connections, by the numbers of a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.far = FarSide()
        self.far.limit = self._random.choice((1, 2, 5))
        self.far.gates = []
        self.asked: list[asyncio.Task[Reply]] = []

    def step(self) -> None:
        chance, far = self._random, self.far
        streams, there = far.streams, [one for one in far.connections if not one.session.leaving]
        gates = [gate for gate in far.gates or () if not gate.is_set()]
        match chance.randint(0, 13):
            case 0 | 1 | 2 | 3:
                within = chance.choice((0.0005, 0.01, 30.0, 30.0, 30.0))
                self.asked += [far.ask(within) for _ in range(chance.randint(1, 6))]
            case 4 | 5 | 6 if streams:
                far.answer(*chance.choice(streams))
            case 7 if self.asked:
                chance.choice(self.asked).cancel()
            case 8 if streams:
                connection, id = chance.choice(streams)
                code = chance.choice((Code.REFUSED_STREAM, Code.INTERNAL_ERROR))
                connection.data_received(frames.reset(id, code))
            case 9 if there:
                far.allow(chance.choice(there), chance.choice((0, 1, 3)))
            case 10 if there:
                connection = chance.choice(there)
                far.farewell(connection, chance.choice((0, 1, *connection.session.streams)))
            case 11 if there:
                self._random.choice((Connection.close, Connection.retire, _broken, _doubted))(chance.choice(there))
            case _ if gates:
                far.refuses = chance.random() < 0.3
                chance.choice(gates).set()

    def waits_in_vain(self) -> bool:
        """Whether a request waits though a connection has room, or though there is none and none is being made."""
        pool = self.far.pool
        sure = [one for one in pool._connections if not one.doubted]
        nothing = not pool._opening and not pool._connections
        return bool(pool._waiting) and (nothing or any(one.session.room > 0 for one in sure))

    async def end(self) -> None:
        """The far side becomes well, and answers all."""
        far, far.refuses = self.far, False
        for _ in range(400):
            if all(one.done() for one in self.asked) and not far.pool._opening:
                return
            for gate in far.gates or ():
                gate.set()
            for connection in far.connections:
                if not connection.session.leaving:
                    far.allow(connection, 5)
                if connection.doubted:
                    connection.data_received(frames.frame(Kind.PING, frames.Flag.ACK, 0, b"heliopng"))
            for place in far.streams:
                far.answer(*place)
            await turns()
            if far.pool._again is not None:
                far.pool._pause_over()
        raise AssertionError("some requests never end")


def _broken(connection: Connection) -> None:
    connection.connection_lost(ConnectionResetError())


def _doubted(connection: Connection) -> None:
    connection.heard -= DOUBTED_AFTER + 1


async def test_whatever_the_far_side_does_every_request_ends_and_none_waits_where_there_is_room() -> None:
    loop, unseen = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    answered = 0
    for seed in range(100):
        story = Chance(seed)
        for number in range(60):
            story.step()
            if number % 3 == 0:
                await turns(60)
                if (
                    story.waits_in_vain()
                ):  # a time limit may have ended just now: who was called in takes some turns more
                    await turns(60)
                for _ in range(20):  # a deadline may have passed in the last of the turns
                    if story.waits_in_vain():
                        await turns(60)
                assert not story.waits_in_vain(), (seed, number)
        await story.end()
        await turns()
        pool = story.far.pool
        ends = await asyncio.gather(*story.asked, return_exceptions=True)
        assert {type(end) for end in ends} <= {Reply, ConnectFailed, ReplyLost, asyncio.CancelledError}, seed
        answered += sum(isinstance(end, Reply) for end in ends)
        assert (list(pool._waiting), pool._opening, story.far.streams) == ([], set(), []), seed
        pool.close()
    assert unseen == []
    assert answered > 2_000, "too few were answered for the story to mean anything"
