"""What a client may send and how long it may take: raw sockets against the real server."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from heliograph.testing.waiting import until

FLOOD = 50_000_000  # bytes of the answer at /flood

pytestmark = pytest.mark.anyio

HOST = b"Host: here\r\n"
FINE = b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\nhi"

#: Requests that two parties could read differently, or that only an attacker sends; each must be refused.
PROBES = {
    "content-length and transfer-encoding": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding and content-length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "content-length as a list": b"Content-Length: 3, 3\r\n\r\nabc",
    "content-length twice, same": b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "content-length twice, different": b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "content-length with a plus": b"Content-Length: +3\r\n\r\nabc",
    "content-length in hexadecimal": b"Content-Length: 0x3\r\n\r\nabc",
    "content-length with an underscore": b"Content-Length: 1_0\r\n\r\n0123456789",
    "content-length negative": b"Content-Length: -1\r\n\r\n",
    "content-length beyond 64 bits": b"Content-Length: 99999999999999999999999\r\n\r\n",
    "transfer-encoding almost chunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "transfer-encoding gzip first": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding after a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "space before the colon": b"Content-Length : 3\r\n\r\nabc",
    "folded header": b"X-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "bare carriage return in a header": b"X-A: a\rContent-Length: 3\r\n\r\nabc",
    "null in a header": b"X-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "null in a header name": b"X\x00A: b\r\nContent-Length: 0\r\n\r\n",
    "chunk that ends wrongly": b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
    "chunk size with 0x": b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "chunk size with a minus": b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    "chunk ended by a bare line feed": b"Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
    "a second host": b"Host: elsewhere\r\nContent-Length: 0\r\n\r\n",
    "five thousand headers": b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"Content-Length: 0\r\n\r\n",
    "a header of 200 KB": b"X-Big: " + b"y" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n",
}

#: The same for what is wrong with the request line or the framing of the whole head.
HEADS = {
    "no host": b"POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "lines ended by bare line feeds": b"POST /a HTTP/1.1\nHost: here\nContent-Length: 0\n\n",
    "transfer-encoding on http/1.0": b"POST /a HTTP/1.0\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "http/0.9": b"GET /a\r\n\r\n",
    "http/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http/1.2": b"GET /a HTTP/1.2\r\nHost: here\r\n\r\n",
    "a host that is no host": b"GET /a HTTP/1.1\r\nHost: a/../b c\r\n\r\n",
    "an unknown verb": b"FETCH /a HTTP/1.1\r\nHost: here\r\n\r\n",
    "a tunnel": b"CONNECT there:443 HTTP/1.1\r\nHost: there:443\r\n\r\n",
    "a space in the address": b"GET /a b HTTP/1.1\r\nHost: here\r\n\r\n",
    "an address of 9 KB": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
    "bytes that are no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES.keys())
async def test_an_ambiguous_request_is_refused_and_never_reaches_the_application(place, probe: bytes) -> None:
    wire = await place.connect()
    await wire.send(b"POST /a HTTP/1.1\r\n" + HOST + probe + b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n")
    seen = await wire.everything()
    assert seen.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert seen.count(b"HTTP/1.1 ") == 1
    assert [request for request in place.app.requests if request[2] != b"(gone)"] == []


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
async def test_a_broken_head_is_refused_and_never_reaches_the_application(place, head: bytes) -> None:
    wire = await place.connect()
    await wire.send(head)
    seen = await wire.everything()
    assert seen[:10] == b"HTTP/1.1 4" or seen.startswith(b"HTTP/1.1 505 ")
    assert place.app.requests == []


async def test_the_refusal_says_which_limit_was_broken(place) -> None:
    many = b"".join(b"X-%d: y\r\n" % n for n in range(101))
    status, _, body = await place.say(b"GET / HTTP/1.1\r\n" + HOST + many + b"\r\n")
    assert (status, body) == (431, b"There are too many headers.")
    status, _, body = await place.say(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (status, body) == (414, b"The address is too long.")


async def test_an_honest_request_passes_with_a_hundred_headers_and_sixty_kilobytes(place) -> None:
    padding = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 600) for n in range(97))
    status, _, body = await place.say(b"POST /a HTTP/1.1\r\n" + HOST + padding + b"Content-Length: 2\r\n\r\nhi")
    assert (status, body) == (200, b"<hi>")


async def test_http_1_0_is_answered_without_a_host(place) -> None:
    status, headers, body = await place.say(b"POST /a HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi")
    assert (status, headers["connection"], body) == (200, "close", b"<hi>")


async def test_a_header_that_is_never_finished_is_cut_off(hasty) -> None:
    wire = await hasty.connect()
    started = time.monotonic()
    await wire.send(b"GET / HTTP/1.1\r\nHo")
    assert (await wire.everything()).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started > 0.2


async def _trickle(wire, pieces: list[bytes]) -> None:
    """Send a piece every 50 ms until the server has closed."""
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            await wire.send(piece)
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\n", b""], ids=["in a header", "before a request"])
async def test_a_line_now_and_then_buys_no_time(hasty, start: bytes) -> None:
    wire = await hasty.connect()
    lines = [start + b"X: y\r\n", *[b"X: y\r\n"] * 1000] if start else [b"\r\n"] * 1000
    started = time.monotonic()
    trickle = asyncio.create_task(_trickle(wire, lines))
    assert b"200 OK" not in await wire.everything()
    assert time.monotonic() - started < 25, "the lines go on for fifty seconds"
    await trickle
    assert hasty.app.requests == []


async def test_a_connection_that_says_nothing_is_closed_without_a_word(hasty) -> None:
    wire = await hasty.connect()
    assert await wire.everything() == b""


async def test_a_body_that_is_never_finished_is_cut_off_and_the_application_told(hasty) -> None:
    wire = await hasty.connect()
    await wire.send(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nabc")
    assert (await wire.everything()).startswith(b"HTTP/1.1 408 ")
    assert await until(lambda: hasty.app.requests) == [("POST", "/a", b"(gone)")]


async def test_an_idle_connection_is_kept_and_used_again(hasty) -> None:
    wire = await hasty.connect()
    for _ in range(2):
        await wire.send(FINE)
        assert (await wire.answer())[0] == 200
        await asyncio.sleep(0.5)  # longer than a header may take: nothing is owed between requests
    await wire.send(FINE)
    assert (await wire.answer())[2] == b"<hi>"


async def test_a_slow_application_is_not_the_clients_fault(hasty) -> None:
    hasty.app.release.clear()
    wire = await hasty.connect()
    await wire.send(FINE)
    await asyncio.sleep(0.8)
    hasty.app.release.set()
    assert (await wire.answer())[0] == 200


async def test_pipelined_requests_are_answered_in_order(place) -> None:
    wire = await place.connect()
    await wire.send(FINE + FINE.replace(b"hi", b"ho"))
    assert (await wire.answer())[2] == b"<hi>"
    assert (await wire.answer())[2] == b"<ho>"


async def test_rubbish_after_a_request_lets_the_first_answer_out_whole(place) -> None:
    wire = await place.connect()
    await wire.send(FINE + b"\x00\x01rubbish\r\n\r\n")
    seen = await wire.everything()
    assert seen.startswith(b"HTTP/1.1 200 ")
    assert seen.endswith(b"<hi>")


async def test_a_body_over_the_limit_is_answered_while_it_is_still_being_sent(place) -> None:
    wire = await place.connect()
    await wire.send(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 400000\r\n\r\n")
    for _ in range(4):
        await wire.send(b"x" * 100_000)
    status, _, body = await wire.answer()
    assert (status, body) == (413, b"too large")
    await wire.send(FINE)
    assert (await wire.answer())[0] == 200


async def test_a_client_that_wants_to_close_hears_the_refusal_and_no_reset_while_it_still_sends(place) -> None:
    wire = await place.connect()
    await wire.send(b"POST /a HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: 4000000\r\n\r\n")
    for _ in range(40):
        await wire.send(b"x" * 100_000)
    seen = await wire.everything()
    assert seen.startswith(b"HTTP/1.1 413 ")
    assert seen.endswith(b"too large")


async def test_a_client_that_goes_on_sending_after_a_refusal_is_cut_off(place) -> None:
    wire = await place.connect()
    await wire.send(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 900000\r\n\r\n" + b"x" * 200_000)
    assert (await wire.answer())[0] == 413
    await wire.everything()


async def test_expect_continue_is_answered_before_the_body_is_sent(place) -> None:
    wire = await place.connect()
    await wire.send(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert (await wire.answer())[0] == 100
    await wire.send(b"hi")
    assert (await wire.answer())[2] == b"<hi>"


async def test_an_offer_of_http_2_is_declined_and_the_body_still_arrives(place) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
    wire = await place.connect()
    await wire.send(b"POST /a HTTP/1.1\r\n" + HOST + offer + b"Content-Length: 2\r\n\r\nhi")
    assert (await wire.answer())[2] == b"<hi>"
    await wire.send(b"POST /a HTTP/1.1\r\n" + HOST + offer + b"Transfer-Encoding: chunked\r\n\r\n2\r\nho\r\n0\r\n\r\n")
    assert (await wire.answer())[2] == b"<ho>"
    await wire.send(b"GET /b HTTP/1.1\r\n" + HOST + offer + b"\r\n" + FINE)
    assert (await wire.answer())[2] == b"<>"
    assert (await wire.answer())[2] == b"<hi>"
    assert [request[0] for request in place.app.requests] == ["POST", "POST", "GET", "POST"]


async def test_an_offer_of_http_2_in_pieces_arrives_whole(place) -> None:
    raw = b"POST /a HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 6\r\n\r\nabcdef"
    wire = await place.connect()
    for at in range(0, len(raw), 7):
        await wire.send(raw[at : at + 7])
        await asyncio.sleep(0)
    assert (await wire.answer())[2] == b"<abcdef>"


async def test_connections_beyond_the_cap_are_closed_at_once(opened) -> None:
    async with opened(max_connections=3) as place:
        wires = [await place.connect() for _ in range(3)]
        for wire in wires:
            await wire.send(FINE)
            assert (await wire.answer())[0] == 200
        surplus = await place.connect()
        assert await surplus.everything() == b""
        wires[0].close()

        async def let_in() -> bool:
            try:
                return (await place.say(FINE))[0] == 200
            except (asyncio.IncompleteReadError, ConnectionError):
                return False  # the place is not free yet

        await until(let_in)


async def test_a_client_that_does_not_read_its_answer_is_cut_off(hasty) -> None:
    wire = await hasty.connect()
    await wire.send(b"GET /flood HTTP/1.1\r\n" + HOST + b"\r\n")
    await asyncio.sleep(1)  # reading stops by itself once this side's buffer is full
    assert len(await wire.everything()) < FLOOD


async def test_slow_clients_do_not_stop_honest_ones(opened) -> None:
    async with opened(header_timeout=60, body_timeout=60) as place:
        slow = [await place.connect() for _ in range(200)]
        for wire in slow:
            await wire.send(b"POST /a HTTP/1.1\r\nHost: he")
        started = time.monotonic()
        for _ in range(20):
            assert (await place.say(FINE))[0] == 200
        assert time.monotonic() - started < 30, "none of the slow ones has been let go by then"


async def test_an_answer_is_one_write_with_head_and_body(place) -> None:
    wire = await place.connect()
    await wire.send(FINE)
    assert await wire.packet() == (b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\n<hi>")


async def test_head_gets_the_length_and_no_body(place) -> None:
    wire = await place.connect()
    await wire.send(b"HEAD /a HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await wire.packet()).endswith(b"content-length: 2\r\n\r\n")
    await wire.send(FINE)
    assert (await wire.answer())[2] == b"<hi>"


async def test_a_header_that_would_end_its_line_is_never_written(place) -> None:
    place.app.beside = (("x-told", "a\r\nset-cookie: b"),)
    status, headers, _ = await place.say(FINE)
    assert (status, "set-cookie" in headers) == (500, False)


async def test_a_client_that_asks_and_never_reads_does_not_fill_the_memory(place) -> None:
    wire = await place.connect()
    wire.stop_reading()
    one = b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 60000\r\n\r\n" + b"x" * 60_000
    flood = asyncio.create_task(_repeat(wire, one, 400))
    answered = -1
    while answered != len(place.app.requests):
        answered = len(place.app.requests)
        await asyncio.sleep(0.4)
    assert 0 < answered < 400
    flood.cancel()


async def _repeat(wire, raw: bytes, times: int) -> None:
    with contextlib.suppress(ConnectionError):
        for _ in range(times):
            await wire.send(raw)


async def test_an_answered_request_leaves_nothing_for_the_garbage_collector(place) -> None:
    wire = await place.connect()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            await wire.send(FINE)
            assert (await wire.answer())[0] == 200
        left = sum(isinstance(thing, RequestResponseCycle) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert left <= 2, "the requests already answered wait for a collection, whose pauses callers feel"
