"""Outgoing HTTP reaches what it may, nothing else, and says truly whether the request left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from tests.ports import deaf_port

from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import OutboundSettings
from heliograph.core.ports import AddressRefused, ConnectFailed, ReplyLost, Unreachable
from heliograph.testing.certificates import Authority
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.servers.webhook import Answer, Fault, WebhookServer

pytestmark = pytest.mark.anyio

LOOPBACK = OutboundSettings(allow=[ip_network("127.0.0.0/8")], timeout=20.0, max_reply=4096)
HERE = ScriptedResolver({"hook.example": [["127.0.0.1"]]})
JSON = {"content-type": "application/json"}


@pytest.fixture
async def endpoint() -> AsyncIterator[WebhookServer]:
    async with WebhookServer() as server:
        yield server


@pytest.fixture
async def transport() -> AsyncIterator[GuardedTransport]:
    made = GuardedTransport(LOOPBACK, HERE)
    yield made
    await made.close()


async def test_a_request_arrives_whole_and_its_answer_comes_back(
    endpoint: WebhookServer, transport: GuardedTransport
) -> None:
    endpoint.script(Answer(status=202, headers={"X-Seen": "Yes"}, body=b"taken"))

    reply = await transport.request("POST", f"{endpoint.url}/in?a=b", headers=JSON, body=b'{"lamp":"lit"}')

    assert (reply.status, reply.headers["x-seen"], reply.body) == (202, "Yes", b"taken")
    [request] = endpoint.requests
    assert (request.method, request.path, request.body) == ("POST", "/in?a=b", b'{"lamp":"lit"}')
    assert request.headers["user-agent"].startswith("heliograph/")
    assert "accept-encoding" not in request.headers


async def test_a_name_is_reached_at_the_address_our_resolver_gave_under_its_own_host_header(
    endpoint: WebhookServer, transport: GuardedTransport
) -> None:
    """The machine's own resolver knows no such name, so only a connection to the vetted address can succeed."""
    for spelling in ("hook.example", "HOOK.example", "hook.example."):
        await transport.request("POST", f"http://{spelling}:{endpoint.port}/", headers=JSON)

    assert {request.headers["host"] for request in endpoint.requests} == {f"hook.example:{endpoint.port}"}
    assert endpoint.connections == 1


async def test_without_being_opened_loopback_is_refused_and_nothing_connects(endpoint: WebhookServer) -> None:
    transport = GuardedTransport(OutboundSettings(ports=[80, 443, endpoint.port]), HERE)

    for host in ("127.0.0.1", "hook.example"):
        with pytest.raises(AddressRefused, match="loopback"):
            await transport.request("POST", f"http://{host}:{endpoint.port}/", headers=JSON)

    assert endpoint.connections == 0


async def test_one_private_address_among_public_ones_refuses_them_all(endpoint: WebhookServer) -> None:
    resolver = ScriptedResolver({"mixed.example": [["93.184.216.34", "2606:4700::1", "127.0.0.1"]]})
    transport = GuardedTransport(OutboundSettings(ports=[endpoint.port]), resolver)

    with pytest.raises(AddressRefused):
        await transport.request("POST", f"http://mixed.example:{endpoint.port}/", headers=JSON)

    assert endpoint.connections == 0


async def test_rebinding_never_reaches_a_private_address(endpoint: WebhookServer) -> None:
    """The name is public the first time it is asked for and private the second; each request asks once."""
    resolver = ScriptedResolver({"rebind.example": [["127.0.0.2"], ["127.0.0.1"]]})
    only_two = OutboundSettings(allow=[ip_network("127.0.0.2/32")], ports=[endpoint.port], timeout=2.0)
    transport = GuardedTransport(only_two, resolver)
    refused = failed = 0

    for _ in range(200):
        try:
            await transport.request("POST", f"http://rebind.example:{endpoint.port}/", headers=JSON)
        except AddressRefused:
            refused += 1
        except ConnectFailed:
            failed += 1

    assert (failed, refused) == (100, 100)  # 127.0.0.2 was tried and nobody listens there; 127.0.0.1 never was
    assert len(resolver.asked) == 200
    assert endpoint.connections == 0
    await transport.close()


async def test_a_kept_connection_is_not_used_again_once_its_name_has_turned_private(endpoint: WebhookServer) -> None:
    resolver = ScriptedResolver({"turn.example": [["127.0.0.1"], ["10.0.0.1"]]})
    transport = GuardedTransport(LOOPBACK, resolver)
    url = f"http://turn.example:{endpoint.port}/"

    await transport.request("POST", url, headers=JSON)
    with pytest.raises(AddressRefused):
        await transport.request("POST", url, headers=JSON)

    assert len(endpoint.requests) == 1
    await transport.close()


async def test_only_the_ports_of_the_settings_are_reached_on_public_addresses() -> None:
    transport = GuardedTransport(OutboundSettings(), ScriptedResolver({"public.example": [["93.184.216.34"]]}))

    for url in ("http://public.example:22/", "https://public.example:8443/", "http://1.1.1.1:25/"):
        with pytest.raises(AddressRefused, match="port"):
            await transport.request("POST", url, headers=JSON)


async def test_a_redirect_is_an_answer_and_is_not_followed(
    endpoint: WebhookServer, transport: GuardedTransport
) -> None:
    endpoint.script(Answer(status=307, headers={"Location": f"{endpoint.url}/elsewhere"}))

    reply = await transport.request("POST", endpoint.url, headers=JSON)

    assert reply.status == 307
    assert [request.path for request in endpoint.requests] == ["/"]


async def test_a_proxy_in_the_environment_is_not_used(endpoint: WebhookServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async with WebhookServer() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        transport = GuardedTransport(LOOPBACK, HERE)

        await transport.request("POST", f"http://hook.example:{endpoint.port}/", headers=JSON)

        assert (proxy.connections, endpoint.connections) == (0, 1)
        await transport.close()


async def test_an_answer_is_cut_at_the_limit_and_never_unpacked(
    endpoint: WebhookServer, transport: GuardedTransport
) -> None:
    endpoint.script(Answer(status=200, headers={"Content-Encoding": "gzip"}, body=b"x" * 1_000_000))

    reply = await transport.request("POST", endpoint.url, headers=JSON)

    assert reply.body == b"x" * 4096


async def test_nobody_listening_is_a_failed_connection(transport: GuardedTransport) -> None:
    with deaf_port() as port:
        for scheme in ("http", "https"):
            with pytest.raises(Unreachable, match="could not connect"):
                await transport.request("POST", f"{scheme}://127.0.0.1:{port}/", headers=JSON)


async def test_the_next_address_of_a_name_is_tried_when_the_first_does_not_connect(endpoint: WebhookServer) -> None:
    resolver = ScriptedResolver({"two.example": [["127.0.0.3", "127.0.0.1"]]})
    transport = GuardedTransport(LOOPBACK, resolver)

    reply = await transport.request("POST", f"http://two.example:{endpoint.port}/", headers=JSON)

    assert reply.status == 204
    await transport.close()


async def test_an_unknown_name_is_a_failed_connection(transport: GuardedTransport) -> None:
    with pytest.raises(Unreachable):
        await transport.request("POST", "http://nowhere.example/", headers=JSON)


async def test_a_resolver_that_hangs_is_left_in_time() -> None:
    class Hanging:
        async def resolve(self, host: str, port: int) -> list[str]:
            await asyncio.Event().wait()
            return []

    transport = GuardedTransport(LOOPBACK, Hanging())

    with pytest.raises(Unreachable, match="not resolved in time"):
        await transport.request("POST", "http://slow.example/", headers=JSON, timeout=0.1)


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.HANG_UP, Fault.STALL, Fault.CUT, Fault.GARBAGE])
async def test_once_the_request_has_left_every_failure_is_a_lost_reply(
    endpoint: WebhookServer, transport: GuardedTransport, fault: Fault
) -> None:
    endpoint.script(Answer(status=200, fault=fault))

    with pytest.raises(ReplyLost) as lost:
        await transport.request("POST", f"{endpoint.url}/secret-path", headers=JSON, body=b"{}", timeout=0.5)

    assert len(endpoint.requests) == 1
    assert "secret-path" not in str(lost.value)


async def test_errors_do_not_repeat_the_url(transport: GuardedTransport) -> None:
    with pytest.raises(ConnectFailed) as failure:
        await transport.request("POST", "http://127.0.0.1:1/secret-path", headers=JSON)

    assert "secret-path" not in str(failure.value)


async def test_a_header_that_cannot_be_sent_is_a_failed_connection_not_a_second_header(
    endpoint: WebhookServer, transport: GuardedTransport
) -> None:
    with pytest.raises(ConnectFailed):
        await transport.request("POST", endpoint.url, headers={"x-note": "a\r\nx-other: b"})

    assert endpoint.requests == []


class TestTls:
    """The certificate must hold for the name in the URL, whatever address it is reached at."""

    authority = Authority()

    async def post(self, server: WebhookServer, host: str, *, trusting: bytes) -> int:
        transport = GuardedTransport(LOOPBACK, HERE, roots=trusting)
        try:
            return (await transport.request("POST", f"https://{host}:{server.port}/", headers=JSON)).status
        finally:
            await transport.close()

    async def test_a_certificate_for_the_name_is_believed(self) -> None:
        async with WebhookServer(tls=self.authority.server("hook.example")) as server:
            assert await self.post(server, "hook.example", trusting=self.authority.pem) == 204

    @pytest.mark.parametrize(
        ("names", "expired", "trusted"),
        [(["other.example"], False, True), (["hook.example"], True, True), (["hook.example"], False, False)],
        ids=["for another name", "expired", "by an unknown authority"],
    )
    async def test_a_certificate_that_does_not_hold_is_a_failed_connection(
        self, names: list[str], expired: bool, trusted: bool
    ) -> None:
        async with WebhookServer(tls=self.authority.server(*names, expired=expired)) as server:
            with pytest.raises(ConnectFailed, match="certificate"):
                await self.post(server, "hook.example", trusting=self.authority.pem if trusted else b"")
            assert server.requests == []


async def test_a_kept_connection_that_the_far_side_has_dropped_is_replaced_without_anyone_noticing(
    transport: GuardedTransport,
) -> None:
    async def answer_and_leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer_and_leave, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    for _ in range(5):
        assert (await transport.request("POST", url, headers=JSON)).status == 204
        await asyncio.sleep(0.05)
    server.close()


async def test_closing_twice_is_fine_and_nothing_is_sent_afterwards(
    endpoint: WebhookServer, transport: GuardedTransport
) -> None:
    await transport.request("POST", endpoint.url, headers=JSON)
    await transport.close()
    await transport.close()

    with pytest.raises(ConnectFailed, match="stopping"):
        await transport.request("POST", endpoint.url, headers=JSON)
