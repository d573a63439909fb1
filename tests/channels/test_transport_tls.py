"""TLS is checked: nine bad certificates and old protocols are refused, over HTTP/2 as over 1.1, before a byte leaves."""

from __future__ import annotations

import ssl
from ipaddress import ip_network

import pytest
from tests.channels.acting_http2 import ActingServer

from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import OutboundSettings
from heliograph.core.ports import CertificateRefused, ConnectFailed
from heliograph.testing.flawed import FLAWS, Shop
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.servers.webhook import WebhookServer

pytestmark = pytest.mark.anyio

SHOP = Shop()
LOOPBACK = OutboundSettings(allow=[ip_network("127.0.0.0/8")], timeout=20.0)
HERE = ScriptedResolver({"push.example": [["127.0.0.1"]]})


async def post(port: int) -> int:
    transport = GuardedTransport(LOOPBACK, HERE, roots=SHOP.roots)
    try:
        return (await transport.request("POST", f"https://push.example:{port}/secret", headers={})).status
    finally:
        await transport.close()


async def test_a_good_certificate_is_believed() -> None:
    async with ActingServer(SHOP.server()) as server:
        assert await post(server.port) == 200
    async with WebhookServer(tls=SHOP.server()) as plain:
        assert await post(plain.port) == 204


@pytest.mark.parametrize("flaw", FLAWS)
async def test_a_certificate_with_a_flaw_is_refused_by_both_protocols_and_nothing_is_sent(flaw: str) -> None:
    async with ActingServer(SHOP.server(flaw)) as server:
        with pytest.raises(CertificateRefused, match="certificate does not hold") as refusal:
            await post(server.port)
        assert server.requests == []
        assert "secret" not in str(refusal.value)
    async with WebhookServer(tls=SHOP.server(flaw)) as plain:
        with pytest.raises(CertificateRefused):
            await post(plain.port)
        assert plain.requests == []


@pytest.mark.filterwarnings("ignore:.*TLSv1.*:DeprecationWarning")
async def test_a_server_with_nothing_newer_than_tls_1_1_is_refused() -> None:
    old = SHOP.server()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    async with ActingServer(old) as server:
        with pytest.raises(ConnectFailed, match="could not connect"):
            await post(server.port)
