"""The transport with two HTTP/2 servers that others wrote: nghttpd and Node's. Skipped where they are not installed."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from tests.ports import free_port

from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import OutboundSettings
from heliograph.core.ports import ConnectFailed, ReplyLost
from heliograph.testing.certificates import Authority
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

AUTHORITY = Authority()
NODE = """
const fs = require('fs'), http2 = require('http2'), crypto = require('crypto');
const [key, cert, port] = process.argv.slice(2);
const server = http2.createSecureServer({key: fs.readFileSync(key), cert: fs.readFileSync(cert)});
server.on('stream', (stream, headers) => {
  const sum = crypto.createHash('sha256'); let size = 0;
  stream.on('data', part => { size += part.length; sum.update(part); });
  stream.on('error', () => {});
  stream.on('end', () => {
    if (headers[':path'] === '/leave') { stream.session.goaway(0); stream.session.close(); }
    stream.respond({':status': 200, 'x-size': size, 'x-sum': sum.digest('hex'), 'x-note': headers['x-note'] || ''});
    stream.end('y'.repeat(100));
  });
});
server.listen(Number(port), '127.0.0.1');
"""


class Peer:
    """A server of that name in a process of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Come back when it listens."""
        chain, key = AUTHORITY.files(self.folder, "push.example")
        (self.folder / "in").write_bytes(b"y" * 100)
        (self.folder / "leave").write_bytes(b"")
        (self.folder / "server.cjs").write_text(NODE)
        command = {
            "nghttpd": [
                "nghttpd",
                "-a",
                "127.0.0.1",
                "--htdocs",
                str(self.folder),
                str(self.port),
                str(key),
                str(chain),
            ],
            "node": ["node", str(self.folder / "server.cjs"), str(key), str(chain), str(self.port)],
        }[self.name]
        self._process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        await until(self._listens)

    async def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


@pytest.fixture(params=["nghttpd", "node"])
async def peer(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Peer]:
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    made = Peer(request.param, tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def transport() -> AsyncIterator[GuardedTransport]:
    settings = OutboundSettings(allow=[ip_network("127.0.0.0/8")], timeout=10.0)
    made = GuardedTransport(settings, ScriptedResolver({"push.example": [["127.0.0.1"]]}), roots=AUTHORITY.pem)
    yield made
    await made.close()


async def test_a_thousand_requests_with_changing_headers_are_all_answered(
    peer: Peer, transport: GuardedTransport
) -> None:
    async def one(number: int) -> None:
        note = f"note {number % 7}" + "n" * (number % 200)
        headers = {"x-note": note, "authorization": "bearer " + "e" * 200}
        reply = await transport.request(
            "POST", f"https://push.example:{peer.port}/in", headers=headers, body=b"b" * number
        )
        assert (reply.status, reply.body) == (200, b"y" * 100)
        if peer.name == "node":
            assert (reply.headers["x-size"], reply.headers["x-note"]) == (str(number), note)

    await asyncio.gather(*(one(number) for number in range(1000)))


async def test_a_body_of_megabytes_arrives(peer: Peer, transport: GuardedTransport) -> None:
    reply = await transport.request("POST", f"https://push.example:{peer.port}/in", headers={}, body=b"m" * 3_000_000)

    assert reply.status == 200
    if peer.name == "node":
        assert reply.headers["x-size"] == "3000000"


async def test_a_server_that_goes_away_and_comes_back_is_reached_again(peer: Peer, transport: GuardedTransport) -> None:
    url = f"https://push.example:{peer.port}/in"
    assert (await transport.request("POST", url, headers={})).status == 200
    await peer.stop()
    with pytest.raises((ConnectFailed, ReplyLost)):
        await transport.request("POST", url, headers={})
    with pytest.raises(ConnectFailed):
        await transport.request("POST", url, headers={})

    await peer.start()

    assert (await transport.request("POST", url, headers={})).status == 200


async def test_requests_on_both_sides_of_a_farewell_are_all_answered(peer: Peer, transport: GuardedTransport) -> None:
    if peer.name != "node":
        pytest.skip("nghttpd says no farewell on request")
    paths = ["in"] * 30 + ["leave"] + ["in"] * 30
    url = f"https://push.example:{peer.port}"

    replies = await asyncio.gather(
        *(transport.request("POST", f"{url}/{path}", headers={}) for path in paths), return_exceptions=True
    )

    lost = [reply for reply in replies if isinstance(reply, BaseException)]
    assert not lost
    assert (await transport.request("POST", f"{url}/in", headers={})).status == 200
