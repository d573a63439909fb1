"""How many connections a client may have, before and after TLS, and how slowly it may send: raw sockets, on both loops."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from tests.edge.http.test_serve import a_certificate

from heliograph.config.settings import ServerSettings
from heliograph.edge.http.acceptor import Places
from heliograph.edge.http.head import Limits
from heliograph.edge.http.messages import Answer, Disconnected, Receive, Scope, Send, read_body, send_answer
from heliograph.edge.http.proxies import networks
from heliograph.edge.serve import Running, serve
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

on_uvloop = pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})], ids=["uvloop"])

FINE = b"POST /a HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The gateway itself runs on uvloop; an application of one's own may run it on asyncio's loop."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what came and from where; accepts every WebSocket and keeps it."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            continue
        return
    try:
        body = await read_body(receive, 100_000)
    except Disconnected:
        return
    await send_answer(scope, send, Answer(200, "text/plain", body + b" from " + scope["client"][0].encode()))


@asynccontextmanager
async def a_server(**changes: Any) -> AsyncIterator[tuple[Running, int]]:
    running = await serve(echo, ServerSettings(port=0, **changes))
    try:
        yield running, int(running.url.rsplit(":", 1)[1])
    finally:
        await running.stop(within=1)


async def said(port: int, raw: bytes = FINE, **how: Any) -> bytes:
    """What one connection is answered until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **how)
    try:
        writer.write(raw.replace(b"\r\nContent", b"\r\nConnection: close\r\nContent"))
        async with asyncio.timeout(60):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def eventually(port: int, **how: Any) -> bool:
    return bool(await until(lambda: said(port, **how)))


# ---------------------------------------------------------------------------------------- how many


async def test_a_client_has_its_share_of_the_connections_and_no_more() -> None:
    async with a_server(max_connections_per_address=3) as (_, port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        assert await said(port) == b""
        assert await said(port, local_addr=("127.0.0.2", 0)) != b""  # another client
        held[0][1].close()
        assert await eventually(port)
        for _, writer in held:
            writer.close()


async def test_the_total_holds_for_all_clients_together() -> None:
    async with a_server(max_connections=4, max_connections_per_address=2) as (_, port):
        held = [
            await asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.0.0.{n // 2 + 1}", 0)) for n in range(4)
        ]
        assert await said(port, local_addr=("127.0.0.9", 0)) == b""
        for _, writer in held:
            writer.close()
        assert await eventually(port, local_addr=("127.0.0.9", 0))


async def test_a_trusted_proxy_stands_for_many_clients() -> None:
    async with a_server(max_connections_per_address=1, trusted_proxies=["127.0.0.0/30"]) as (_, port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        assert b"hi from" in await said(port)
        for _, writer in held:
            writer.close()


async def test_hundreds_of_connections_leave_no_place_behind() -> None:
    async with a_server(max_connections_per_address=50) as (running, port):
        for _ in range(10):
            assert all(await asyncio.gather(*(said(port) for _ in range(30))))
        places = running._server.places
        await until(lambda: (places.taken, places._of), lambda taken: taken == (0, {}))


async def test_a_websocket_holds_its_place_until_it_ends() -> None:
    key = base64.b64encode(os.urandom(16))
    upgrade = b"GET / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    upgrade += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n"
    async with a_server(max_connections_per_address=1) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(upgrade)
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        assert await said(port) == b""
        writer.transport.abort()
        assert await eventually(port)


def test_addresses_of_one_site_are_one_client() -> None:
    places = Places(Limits(connections_per_address=2), networks(["192.0.2.7", "proxy.example", "2001:db8:9::/48"]))
    one, two, other = "2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"
    assert places.take(one) == places.take(two) == "2001:db8::/64"
    assert places.take("2001:db8::3") is None
    assert places.take(other) == "2001:db8:0:1::/64"
    assert places.take("::ffff:198.51.100.1") == places.take("198.51.100.1") == "198.51.100.1"
    assert places.take("198.51.100.1") is None
    assert [places.take("192.0.2.7") for _ in range(5)] == [""] * 5
    assert [places.take("2001:db8:9::1") for _ in range(5)] == [""] * 5
    assert places.take("fe80::1%eth0") == "fe80::/64"
    assert places.take("") == ""  # a socket of the file system has no address
    assert places.taken == 17
    places.leave("198.51.100.1")
    assert places.take("198.51.100.1") == "198.51.100.1"


def test_everyone_is_every_network() -> None:
    assert networks(["*"]) == [ip_network("0.0.0.0/0"), ip_network("::/0")]
    assert networks(["localhost"]) == []


# -------------------------------------------------------------------------------------------- TLS


async def test_a_handshake_that_never_ends_is_ended_and_held_one_place_meanwhile(tmp_path: Path) -> None:
    certificate, key, trust = a_certificate(tmp_path)
    settings = {"tls_cert": certificate, "tls_key": key, "handshake_timeout": 0.5, "max_connections_per_address": 2}
    async with a_server(**settings) as (running, port):
        began = time.monotonic()
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        silent[0][1].write(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
        await asyncio.sleep(0.1)
        with pytest.raises(OSError):  # reset or end of file, as it comes
            await asyncio.open_connection("127.0.0.1", port, ssl=trust)
        for reader, _ in silent:
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(60):
                    assert await reader.read() == b""
        for _, writer in silent:
            writer.close()
        assert time.monotonic() - began > 0.3
        assert b"hi from 127.0.0.1" in await said(port, ssl=trust)
        assert running._server.places.taken <= 1


async def test_hundreds_of_half_made_handshakes_do_not_stop_an_honest_one(tmp_path: Path) -> None:
    certificate, key, trust = a_certificate(tmp_path)
    async with a_server(tls_cert=certificate, tls_key=key, handshake_timeout=60) as (_, port):
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(300)]
        began = time.monotonic()
        assert b"hi from" in await said(port, ssl=trust)
        assert time.monotonic() - began < 30, "none of the others has been let go by then"
        for _, writer in silent:
            writer.transport.abort()


async def test_who_speaks_plainly_to_tls_is_hung_up_on_and_gives_the_place_back(tmp_path: Path) -> None:
    certificate, key, trust = a_certificate(tmp_path)
    async with a_server(tls_cert=certificate, tls_key=key, max_connections_per_address=1) as (_, port):
        assert b"200" not in await said(port)
        assert await eventually(port, ssl=trust)


# ------------------------------------------------------------------------------------- how slowly


async def drip(port: int, each: int, pause: float, size: int = 50_000) -> tuple[float, bytes]:
    """Send a body so many bytes at a time; after how many seconds what was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /a HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % size)
    began, answer = time.monotonic(), asyncio.ensure_future(reader.read(200))
    sent = 0
    while sent < size and not answer.done():
        writer.write(b"x" * min(each, size - sent))
        sent += each
        await asyncio.wait([answer], timeout=pause)
    async with asyncio.timeout(60):
        said = await answer
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return time.monotonic() - began, said


@on_uvloop
async def test_a_body_has_to_come_at_a_kilobyte_a_second() -> None:
    async with a_server() as (_, port):
        crawling, stopped, dawdling = await asyncio.gather(
            drip(port, 100, 0.5), drip(port, 3000, 60.0), drip(port, 2_000, 0.3)
        )
        for seconds, answer in (crawling, stopped):
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert seconds > 4
        assert dawdling[1].startswith(b"HTTP/1.1 200 ")
        assert dawdling[0] > 6


@on_uvloop
async def test_slow_bodies_do_not_stop_honest_ones() -> None:
    async with a_server() as (_, port):
        slow = [asyncio.create_task(drip(port, 10, 0.5)) for _ in range(150)]
        await asyncio.sleep(0.2)
        for _ in range(30):
            assert b"hi from" in await said(port)
        ends = await asyncio.gather(*slow)
        assert all(answer.startswith(b"HTTP/1.1 408 ") for _, answer in ends)


@on_uvloop
async def test_who_waits_to_be_told_to_go_on_is_not_slow() -> None:
    go = asyncio.Event()

    async def thoughtful(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await send_answer(scope, send, Answer(200, "text/plain", await read_body(receive, 1000)))

    running = await serve(thoughtful, ServerSettings(port=0))
    reader, writer = await asyncio.open_connection("127.0.0.1", int(running.url.rsplit(":", 1)[1]))
    writer.write(b"POST /a HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    await asyncio.sleep(6)
    go.set()
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
    writer.write(b"hi")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    await running.stop(within=1)


def test_the_listening_socket_is_free_again_after_a_stop() -> None:
    """Both loops let go of it, so that a restart can bind at once."""

    async def once(port: int) -> int:
        async with a_server() as (_, taken):
            assert await said(taken)
            return taken

    port = asyncio.run(once(0))
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
