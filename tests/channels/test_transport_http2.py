"""HTTP/2 against a strict server: many requests on one connection, and the truth about what may be sent again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import h2.settings
import pytest
from tests.channels.acting_http2 import (
    Act,
    ActingServer,
    Heard,
    Talk,
    cancelled,
    dropped,
    farewell,
    refused,
    stalled,
)

from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import OutboundSettings
from heliograph.core.ports import AddressRefused, ConnectFailed, ReplyLost, Unreachable
from heliograph.testing.certificates import Authority
from heliograph.testing.resolver import ScriptedResolver

pytestmark = pytest.mark.anyio

AUTHORITY = Authority()
LOOPBACK = OutboundSettings(allow=[ip_network("127.0.0.0/8")], timeout=20.0, max_reply=4096)
HERE = ScriptedResolver({"push.example": [["127.0.0.1"]]})
JSON = {"content-type": "application/json", "authorization": "bearer of-good-news"}
STREAMS = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS


@pytest.fixture
async def server() -> AsyncIterator[ActingServer]:
    async with ActingServer(AUTHORITY.server("push.example")) as made:
        yield made
        assert made.troubles == []


@pytest.fixture
async def transport() -> AsyncIterator[GuardedTransport]:
    made = GuardedTransport(LOOPBACK, HERE, roots=AUTHORITY.pem)
    yield made
    await made.close()


async def post(transport: GuardedTransport, server: ActingServer, path: str = "/in", **changes: object) -> int:
    changes.setdefault("headers", JSON)
    reply = await transport.request("POST", f"https://push.example:{server.port}{path}", **changes)  # type: ignore[arg-type]
    return reply.status


async def test_a_request_arrives_whole_and_its_answer_comes_back(
    server: ActingServer, transport: GuardedTransport
) -> None:
    server.script(lambda talk, stream, heard: talk.respond(stream, 410, {"apns-id": "a-b-c"}, b'{"reason":"gone"}'))

    reply = await transport.request(
        "POST", f"https://push.example:{server.port}/3/device/00ff?x=1", headers=JSON, body=b'{"lamp":"lit"}'
    )

    assert (reply.status, reply.headers["apns-id"], reply.body) == (410, "a-b-c", b'{"reason":"gone"}')
    [heard] = server.requests
    assert heard.body == b'{"lamp":"lit"}'
    assert heard.headers[":path"] == "/3/device/00ff?x=1"
    assert heard.headers[":authority"] == f"push.example:{server.port}"
    assert heard.headers["authorization"] == "bearer of-good-news"
    assert heard.headers["content-length"] == "14"


async def test_a_thousand_requests_share_one_connection_and_repeat_their_headers_rightly(
    server: ActingServer, transport: GuardedTransport
) -> None:
    seen = [{**JSON, "apns-topic": f"topic-{number % 3}", "x-number": str(number)} for number in range(1000)]

    await post(transport, server)
    statuses = await asyncio.gather(*(post(transport, server, f"/{n}", headers=one) for n, one in enumerate(seen)))

    assert statuses == [200] * 1000
    heard = {one.headers[":path"]: one.headers for one in server.requests}
    assert all(heard[f"/{n}"].items() >= one.items() for n, one in enumerate(seen))
    assert server.most_open <= 100


async def test_no_more_streams_are_open_than_the_server_allows(transport: GuardedTransport) -> None:
    async with ActingServer(AUTHORITY.server("push.example"), settings={STREAMS: 3}) as server:
        statuses = await asyncio.gather(*(post(transport, server) for _ in range(100)))

        assert statuses == [200] * 100
        assert server.troubles == []
        assert server.most_open <= 3
        assert server.connections <= 8


async def test_a_stream_that_was_refused_is_sent_again_at_once(
    server: ActingServer, transport: GuardedTransport
) -> None:
    server.script(refused, refused)

    assert await post(transport, server) == 200
    assert len(server.requests) == 3


async def test_a_server_that_refuses_for_ever_is_a_failed_connection_not_a_doubt(
    server: ActingServer, transport: GuardedTransport
) -> None:
    server.script(*[refused] * 10)

    with pytest.raises(ConnectFailed, match="refused"):
        await post(transport, server)


async def test_after_a_farewell_what_was_not_looked_at_goes_out_on_a_new_connection(
    server: ActingServer, transport: GuardedTransport
) -> None:
    await post(transport, server)
    server.script(farewell)

    statuses = await asyncio.gather(*(post(transport, server) for _ in range(20)))

    assert statuses == [200] * 20
    assert {heard.connection for heard in server.requests} == {1, 2}


async def test_a_farewell_lets_what_was_looked_at_finish(server: ActingServer, transport: GuardedTransport) -> None:
    held: asyncio.Queue[tuple[Talk, int]] = asyncio.Queue()
    server.script(lambda talk, stream, heard: held.put_nowait((talk, stream)))
    first = asyncio.create_task(post(transport, server))
    talk, stream = await held.get()
    talk.writer.write(b"\0\0\x08\x07\0\0\0\0\0" + stream.to_bytes(4, "big") + b"\0\0\0\0")  # GOAWAY, this one included
    await asyncio.sleep(0.05)

    assert await post(transport, server) == 200
    assert server.requests[-1].connection == 2
    talk.respond(stream, 201)
    assert await first == 201


@pytest.mark.parametrize("act", [cancelled, dropped, stalled])
async def test_once_the_request_has_left_every_failure_is_a_lost_reply_and_it_is_not_sent_again(
    server: ActingServer, transport: GuardedTransport, act: Act
) -> None:
    await post(transport, server)
    server.script(act)

    with pytest.raises(ReplyLost) as lost:
        await post(transport, server, "/secret-path", timeout=0.5)

    assert len(server.requests) == 2
    assert "secret-path" not in str(lost.value)


async def test_one_stalled_answer_holds_up_nobody_else(server: ActingServer, transport: GuardedTransport) -> None:
    arrived = asyncio.Event()
    server.script(lambda talk, stream, heard: arrived.set())
    slow = asyncio.create_task(post(transport, server, timeout=1.0))
    await arrived.wait()

    assert await asyncio.gather(*(post(transport, server) for _ in range(50))) == [200] * 50
    with pytest.raises(ReplyLost, match="in time"):
        await slow
    assert server.connections == 1


async def test_a_connection_that_has_fallen_silent_is_left_for_a_new_one(
    server: ActingServer, transport: GuardedTransport
) -> None:
    await post(transport, server)
    server.script(stalled)
    with pytest.raises(ReplyLost, match="in time"):
        await post(transport, server, timeout=0.2)

    assert await post(transport, server) == 200
    assert [heard.connection for heard in server.requests] == [1, 1, 2]


async def test_a_body_larger_than_every_window_arrives_whole(server: ActingServer, transport: GuardedTransport) -> None:
    body = bytes(range(256)) * 4096  # 1 MiB; the windows begin at 64 KiB

    assert await post(transport, server, body=body) == 200
    assert server.requests[0].body == body


async def test_an_answer_is_cut_at_the_limit_and_the_connection_goes_on(
    server: ActingServer, transport: GuardedTransport
) -> None:
    def endless(talk: Talk, stream: int, heard: Heard) -> None:
        talk.http.send_headers(stream, [(":status", "200")])
        for _ in range(4):
            talk.http.send_data(stream, b"x" * 4000)
        talk.send()

    server.script(endless)

    reply = await transport.request("POST", f"https://push.example:{server.port}/", headers=JSON)

    assert reply.body == b"x" * 4096
    assert await post(transport, server) == 200
    assert server.connections == 1


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"\0\0\x08\x06\0\0\0\0\x01" + b"p" * 8, "ping of a stream"),
        (b"\xff\xff\xff\x00\0\0\0\0\x01", "larger than was announced"),
        (b"\0\0\x04\x05\x04\0\0\0\x01\0\0\0\x02", "not asked for"),
        (b"\0\0\x01\x09\x04\0\0\0\x01\x88", "continuation of nothing"),
        (b"\0\0\x01\x01\x04\0\0\0\x63\x88", "never opened"),
        (b"\0\0\x01\x01\x05\0\0\0\x01\xff", "cannot be read"),
        (b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0", "window larger than any"),
        (b"\0\0\x05\x04\0\0\0\0\0hello", "settings of the wrong size"),
        (b"\0\0\x00\x02\0\0\0\0\x01" * 3000, "lead nowhere"),
    ],
)
async def test_a_server_that_breaks_the_protocol_loses_the_connection_and_the_next_request_gets_a_new_one(
    server: ActingServer, transport: GuardedTransport, raw: bytes, rule: str
) -> None:
    server.script(lambda talk, stream, heard: talk.send(raw))

    with pytest.raises(ReplyLost, match=rule):
        await post(transport, server)

    assert await post(transport, server) == 200
    assert server.requests[-1].connection == 2


async def test_a_header_that_cannot_be_sent_is_a_failed_connection_not_a_second_header(
    server: ActingServer, transport: GuardedTransport
) -> None:
    for headers in ({"x-note": "a\r\nx-other: b"}, {"x note": "a"}, {":path": "/"}, {"connection": "close"}):
        with pytest.raises(ConnectFailed, match="cannot be sent") as failure:
            await post(transport, server, headers=headers)
        assert not isinstance(failure.value, Unreachable), "one message's fault is not the provider's absence"

    assert server.requests == []


async def test_loopback_is_refused_unless_it_is_opened(server: ActingServer) -> None:
    transport = GuardedTransport(OutboundSettings(ports=[server.port]), HERE, roots=AUTHORITY.pem)

    with pytest.raises(AddressRefused, match="loopback"):
        await post(transport, server)

    assert server.connections == 0
    await transport.close()


async def test_a_kept_connection_is_not_used_again_once_its_name_has_turned_private(server: ActingServer) -> None:
    resolver = ScriptedResolver({"push.example": [["127.0.0.1"], *[["10.0.0.1"]] * 9]})
    transport = GuardedTransport(LOOPBACK, resolver, roots=AUTHORITY.pem, vetted_for=0.0)

    assert await post(transport, server) == 200
    for _ in range(3):
        with pytest.raises(AddressRefused):
            await post(transport, server)

    assert len(server.requests) == 1
    await transport.close()


async def test_a_name_that_gives_its_addresses_in_turn_keeps_its_connection(server: ActingServer) -> None:
    resolver = ScriptedResolver({"push.example": [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.3", "127.0.0.4"]]})
    transport = GuardedTransport(LOOPBACK, resolver, roots=AUTHORITY.pem, vetted_for=0.0)

    assert [await post(transport, server) for _ in range(9)] == [200] * 9

    assert len(resolver.asked) == 9
    assert server.connections == 1
    await transport.close()


async def test_while_a_name_is_vetted_it_is_not_looked_up_for_each_request(server: ActingServer) -> None:
    resolver = ScriptedResolver({"push.example": [["127.0.0.1"]]})
    transport = GuardedTransport(LOOPBACK, resolver, roots=AUTHORITY.pem)

    assert [await post(transport, server) for _ in range(20)] == [200] * 20

    assert len(resolver.asked) == 1
    await transport.close()


async def test_closing_ends_what_is_under_way_and_nothing_is_sent_afterwards(
    server: ActingServer, transport: GuardedTransport
) -> None:
    arrived = asyncio.Event()
    server.script(lambda talk, stream, heard: arrived.set())
    waiting = asyncio.create_task(post(transport, server))
    await arrived.wait()

    await transport.close()

    with pytest.raises(ReplyLost, match="stopping"):
        await waiting
    with pytest.raises(ConnectFailed, match="stopping"):
        await post(transport, server)
