"""The HTTP/2 session without a socket: whatever bytes come, it ends in one way; what it writes, another reader reads."""

from __future__ import annotations

import asyncio

import pytest
from hpack import Decoder
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.channels.transport.h2 import frames
from heliograph.channels.transport.h2.frames import BrokenRule, Code, Kind, Setting
from heliograph.channels.transport.h2.headers import Run, Writer
from heliograph.channels.transport.h2.session import Session
from heliograph.channels.transport.h2.stream import Stream
from heliograph.core.ports import Reply

FIELDS = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"push.example"), (b":path", b"/3/device/00")]

names = st.sampled_from(
    [b"authorization", b"apns-topic", b"apns-id", b"x-note", b"content-type", b"user-agent", b":path"]
)
values = st.sampled_from([b"", b"a", b"bearer " + b"e" * 300, b"v" * 126, b"w" * 127, b"x" * 128, b"y" * 1500, b"0"])
lists = st.lists(st.dictionaries(names, values, max_size=7), max_size=40)


@given(lists, st.lists(st.tuples(st.integers(0, 39), st.sampled_from([0, 100, 400, 1000, 4096, 10_000])), max_size=4))
def test_headers_are_read_by_another_reader_as_they_were_given_whatever_size_its_table_takes(
    sequence: list[dict[bytes, bytes]], resizes: list[tuple[int, int]]
) -> None:
    writer, decoder = Writer(), Decoder()
    sizes = dict(resizes)
    for place, fields in enumerate(sequence):
        if place in sizes:
            writer.resize(sizes[place])
            decoder.max_allowed_table_size = sizes[place]
        block = writer.block(list(fields.items()))
        assert [(bytes(n), bytes(v)) for n, v in decoder.decode(block, raw=True)] == list(fields.items())


@given(
    st.lists(st.lists(st.tuples(names, values), min_size=1, max_size=5), min_size=1, max_size=5),
    st.lists(st.lists(st.one_of(st.tuples(names, values), st.integers(0, 4)), max_size=5), max_size=40),
)
def test_runs_of_fields_are_read_as_the_fields_they_hold(
    held: list[list[tuple[bytes, bytes]]], sequence: list[list[tuple[bytes, bytes] | int]]
) -> None:
    writer, decoder = Writer(), Decoder()
    runs = [Run(*fields) for fields in held]
    for items in sequence:
        head = [runs[item % len(runs)] if isinstance(item, int) else item for item in items]
        meant = [field for item in head for field in (item.fields if isinstance(item, Run) else (item,))]
        read = decoder.decode(writer.block(head), raw=True)
        assert [(bytes(name), bytes(value)) for name, value in read] == meant


def a_session() -> tuple[Session, asyncio.AbstractEventLoop]:
    """A session that has begun."""
    loop = asyncio.new_event_loop()
    session = Session(4096)
    session.receive(frames.settings({Setting.MAX_CONCURRENT_STREAMS: 10}))
    return session, loop


def ask(session: Session, loop: asyncio.AbstractEventLoop, body: bytes = b"") -> tuple[Stream, asyncio.Future[Reply]]:
    """A request on it."""
    future: asyncio.Future[Reply] = loop.create_future()
    return session.open(list(FIELDS), body, 0.0, future), future


kinds = st.one_of(st.sampled_from(list(Kind)), st.integers(0, 255))
payloads = st.one_of(st.binary(max_size=40), st.just(b"\x88"), st.just(b"\0" * 8))
some_frames = st.lists(
    st.builds(frames.frame, kinds, st.integers(0, 255), st.sampled_from([0, 1, 2, 3, 5, 2**31 - 1]), payloads),
    max_size=20,
)


@settings(max_examples=500)
@given(st.one_of(some_frames.map(b"".join), st.binary(max_size=200)), st.integers(1, 50))
def test_whatever_comes_in_whatever_pieces_ends_in_answers_or_a_broken_rule(data: bytes, piece: int) -> None:
    session, loop = a_session()
    futures = [ask(session, loop, b"x" * 100_000)[1] for _ in range(3)]
    try:
        for at in range(0, len(data), piece):
            session.receive(data[at : at + piece])
    except BrokenRule as broken:
        assert broken.code in Code  # noqa: PT017
    session.lost("the test has ended")
    assert all(future.done() for future in futures)
    for future in futures:
        future.exception()
    loop.close()


def test_a_body_is_sent_as_far_as_both_windows_reach_and_goes_on_when_they_open() -> None:
    session, loop = a_session()
    session.out.clear()
    stream, _ = ask(session, loop, b"b" * 200_000)
    sent = _data_sent(session)
    assert sum(map(len, sent)) == 65_535
    assert max(map(len, sent)) <= 16_384

    session.receive(frames.window_update(stream.id, 100_000))
    assert not _data_sent(session)  # the connection's own window is still shut
    session.receive(frames.window_update(0, 200_000))
    assert sum(map(len, _data_sent(session))) == 100_000
    session.receive(frames.settings({Setting.INITIAL_WINDOW_SIZE: 165_535}))
    assert sum(map(len, _data_sent(session))) == 200_000 - 165_535
    assert not stream.rest
    loop.close()


def test_a_window_that_shrinks_below_nothing_sends_nothing_until_it_is_open_again() -> None:
    session, loop = a_session()
    stream, _ = ask(session, loop, b"b" * 100_000)
    session.out.clear()
    session.receive(frames.settings({Setting.INITIAL_WINDOW_SIZE: 0}))
    assert stream.window == -65_535
    session.receive(frames.window_update(0, 100_000) + frames.window_update(stream.id, 65_535))
    assert not _data_sent(session)
    session.receive(frames.window_update(stream.id, 10))
    assert sum(map(len, _data_sent(session))) == 10
    loop.close()


@pytest.mark.parametrize(
    ("block", "status"),
    [
        (b"\x88", 200),
        (b"\x08\x03103", None),  # an interim answer goes by
        (b"\x08\x0320x", "malformed"),
        (b"\x08\x03101", "before it begins"),
        (b"\x88\x88", "malformed"),
        (b"\x00\x01A\x01b", "malformed"),
        (b"\x88\x00\x0atransfer-e\x01b", "malformed"),
    ],
)
def test_an_answers_head_is_taken_when_it_is_well_formed(block: bytes, status: object) -> None:
    if block.startswith(b"\x88\x00\x0a"):
        block = b"\x88\x00\x11transfer-encoding\x07chunked"
    session, loop = a_session()
    stream, future = ask(session, loop)
    session.receive(frames.header_frames(stream.id, block, 0))
    if status is None:
        assert not future.done()
        assert stream.status == 0
        session.receive(frames.header_frames(stream.id, b"\x88", frames.Flag.END_STREAM))
        status = 200
    elif status == 200:
        session.receive(frames.frame(Kind.DATA, frames.Flag.END_STREAM, stream.id))
    if isinstance(status, str):
        assert status in str(future.exception())
    else:
        assert future.result().status == status
    loop.close()


def test_an_answer_that_is_not_as_long_as_it_says_is_no_answer() -> None:
    session, loop = a_session()
    stream, future = ask(session, loop)
    session.receive(frames.header_frames(stream.id, b"\x88\x0f\x0d\x0210", 0))  # content-length: 10
    session.receive(frames.frame(Kind.DATA, frames.Flag.END_STREAM, stream.id, b"short"))
    assert "not as long as it says" in str(future.exception())
    loop.close()


def _data_sent(session: Session) -> list[bytes]:
    found, rest = frames.cut(b"".join(session.out))
    assert not rest
    session.out.clear()
    return [payload for kind, _, _, payload in found if kind == Kind.DATA]
