"""Starting and stopping the server inside a running loop."""

from __future__ import annotations

import asyncio
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from heliograph.config.settings import ServerSettings
from heliograph.core.errors import BadSetting
from heliograph.edge.serve import serve
from heliograph.testing.asking import hear
from heliograph.testing.running import a_town
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

FINE = b"POST /a HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\nhi"


async def test_port_zero_takes_a_free_port_and_tells_it(place) -> None:
    assert place.running.url.startswith("http://127.0.0.1:")
    assert not place.running.url.endswith(":0")
    assert (await place.say(FINE))[0] == 200


async def test_a_stop_lets_the_running_request_finish_and_takes_no_more(opened) -> None:
    async with opened() as place:
        place.app.release.clear()
        wire, idle = await place.connect(), await place.connect()
        await wire.send(FINE)
        await until(lambda: place.app.requests)
        stopping = asyncio.create_task(place.running.stop(within=60))
        assert await idle.everything() == b""
        with pytest.raises(OSError):
            await place.connect()
        place.app.release.set()
        status, headers, body = await wire.answer()
        assert (status, headers["connection"], body) == (200, "close", b"<hi>")
        await stopping


async def test_a_stop_cuts_off_what_takes_longer_than_it_may(opened) -> None:
    async with opened() as place:
        place.app.release.clear()
        wire = await place.connect()
        await wire.send(FINE)
        await until(lambda: place.app.requests)
        started = time.monotonic()
        await place.running.stop(within=0.3)
        assert time.monotonic() - started < 30


async def test_a_port_that_is_taken_is_a_setting_that_cannot_be(place) -> None:
    port = int(place.running.url.rsplit(":", 1)[1])
    with pytest.raises(BadSetting, match=rf"server.port: cannot listen on 127.0.0.1:{port}"):
        await serve(place.app, ServerSettings(port=port))


async def test_an_address_that_is_not_ours_is_a_setting_that_cannot_be(place) -> None:
    with pytest.raises(BadSetting, match=r"server\.(host|port)"):
        await serve(place.app, ServerSettings(host="no.such.host.invalid", port=0))


async def test_a_certificate_without_its_key_is_a_setting_that_cannot_be(place, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="come together"):
        await serve(place.app, ServerSettings(port=0, tls_cert=tmp_path / "cert.pem"))
    (tmp_path / "cert.pem").write_text("not a certificate")
    (tmp_path / "key.pem").write_text("not a key")
    with pytest.raises(BadSetting, match="cannot be used"):
        await serve(place.app, ServerSettings(port=0, tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem"))


async def test_the_listening_address_can_be_version_six(opened) -> None:
    try:
        async with opened(host="::1") as place:
            assert place.running.url.startswith("http://[::1]:")
    except BadSetting:
        pytest.skip("this machine has no IPv6 loopback address")


async def test_with_a_certificate_the_server_speaks_tls(opened, tmp_path: Path) -> None:
    certificate, key, trust = a_certificate(tmp_path)
    async with opened(tls_cert=certificate, tls_key=key) as place:
        assert place.running.url.startswith("https://")
        port = int(place.running.url.rsplit(":", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
        writer.write(FINE)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        with pytest.raises(ConnectionResetError):
            await plain_words(port)


async def plain_words(port: int) -> None:
    """Speak HTTP to a port that speaks TLS."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(FINE)
    answer = await reader.read()
    writer.close()
    if b"HTTP/1.1 200" not in answer:
        raise ConnectionResetError


def a_certificate(folder: Path) -> tuple[Path, Path, ssl.SSLContext]:
    """A self-signed pair for 127.0.0.1, and a context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret, ssl.create_default_context(cafile=str(certificate))


async def test_a_call_that_is_cut_off_by_the_stop_is_answered_in_its_own_dialect(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        head = b"POST %b HTTP/1.1\r\nHost: here\r\nContent-Type: %b\r\nContent-Length: 99\r\n\r\nnot all of it"
        wires = []
        for path, kind in (
            (b"/api/v2/push?format=json", b"text/json"),
            (b"/Remote/Services86/Pocket.svc", b"text/xml"),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(town.url.rsplit(":", 1)[1]))
            writer.write(head % (path, kind))
            wires.append((reader, writer))
        await asyncio.sleep(0.05)
        await town.running.stop(within=0.2)
        heard = [await hear(reader) for reader, _ in wires]
        for _, writer in wires:
            writer.close()
    assert [answer.status for answer in heard] == [503, 500]
    assert '"ServiceUnavailable"' in heard[0].text
    assert "Fault>" in heard[1].text
    assert all(answer.headers["retry-after"] == "1" for answer in heard)
