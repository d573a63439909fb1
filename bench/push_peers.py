"""What bench/push.py measures with: two servers we did not write, and the clients that were candidates.

nghttpd and h2load come with Debian's nghttp2-server and nghttp2-client, Node with its own package;
pycurl is measured when it can be imported. What is missing is left out and told.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from ipaddress import ip_network
from pathlib import Path

from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import OutboundSettings
from heliograph.core.ports import ConnectFailed
from heliograph.testing.certificates import Authority
from heliograph.testing.resolver import ScriptedResolver

HOST = "api.push.example"
AUTHORITY = Authority()
BODY = b'{"aps":{"alert":{"title":"The lamp is lit","body":"' + b"x" * 220 + b'"},"badge":3}}'
HEADERS = {
    "authorization": "bearer " + "e" * 220,
    "apns-topic": "com.example.lighthouse",
    "apns-push-type": "alert",
    "apns-priority": "10",
    "apns-expiration": "1790000000",
}

NODE = """
const fs = require('fs'), http2 = require('http2');
const [key, cert, port] = process.argv.slice(2);
const options = {key: fs.readFileSync(key), cert: fs.readFileSync(cert), settings: {maxConcurrentStreams: 1000}};
const server = http2.createSecureServer(options);
server.on('stream', (stream, headers) => {
  let size = 0;
  stream.on('data', part => { size += part.length; });
  stream.on('end', () => {
    const good = size && headers[':method'] === 'POST' && headers['apns-topic'] && headers['authorization'];
    stream.respond({':status': good ? 200 : 400}, {endStream: true});
  });
  stream.on('error', () => {});
});
server.listen(Number(port), '127.0.0.1');
"""


class Server:
    """A running server: its port, and the process whose CPU is not ours."""

    def __init__(self, name: str, port: int, folder: Path) -> None:
        self.name, self.port, self.folder = name, port, folder


@asynccontextmanager
async def serving(name: str, port: int, core: str) -> AsyncIterator[Server]:
    """nghttpd or node on that port and core; stopped at the end."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        chain, key = AUTHORITY.files(folder, HOST, "127.0.0.1")
        (folder / "body").write_bytes(BODY)
        (folder / "3").mkdir()
        (folder / "3" / "device").write_bytes(b"")
        (folder / "server.cjs").write_text(NODE)
        command = {
            "nghttpd": ["nghttpd", "-n1", "-m", "1000", "-a", "127.0.0.1", "--htdocs", place, str(port), key, chain],
            "node": ["node", str(folder / "server.cjs"), key, chain, str(port)],
        }[name]
        process = subprocess.Popen(["taskset", "-c", core, *map(str, command)], stdout=subprocess.DEVNULL)
        try:
            await _until_it_listens(port)
            yield Server(name, port, folder)
        finally:
            process.terminate()
            process.wait()


async def _until_it_listens(port: int) -> None:
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise SystemExit("the server did not start")


def transport() -> GuardedTransport:
    """The product's own, allowed to reach loopback."""
    settings = OutboundSettings(allow=[ip_network("127.0.0.0/8")])
    return GuardedTransport(settings, ScriptedResolver({HOST: [["127.0.0.1"]]}), roots=AUTHORITY.pem)


def path(number: int) -> str:
    """A path like one device's, each another; nghttpd serves a file, whatever the query."""
    return f"/3/device?{number:064x}"


Figures = tuple[float, float]  # requests a second, CPU in us each


async def _together(count: int, width: int, one: Callable[[int], Awaitable[None]]) -> Figures:
    left = count

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await one(left)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(width)))
    return count / (time.perf_counter() - wall), (time.process_time() - cpu) / count * 1e6


async def own(server: Server, count: int, width: int) -> Figures:
    """The product's transport, whole: URL, vetting, deadlines and all."""
    out = transport()
    url = f"https://{HOST}:{server.port}"

    async def one(number: int) -> None:
        reply = await out.request("POST", url + path(number), headers=HEADERS, body=BODY)
        assert reply.status == 200, reply

    await one(0)
    figures = await _together(count, width, one)
    await out.close()
    return figures


async def pyreqwest(server: Server, count: int, width: int) -> Figures:
    """pyreqwest alone."""
    from pyreqwest.client import ClientBuilder

    builder = (
        ClientBuilder()
        .resolve(HOST, "127.0.0.1", server.port)
        .add_root_certificate_pem(AUTHORITY.pem)
        .http2_prior_knowledge()
    )
    async with builder.build() as client:

        async def one(number: int) -> None:
            url = f"https://{HOST}:{server.port}{path(number)}"
            response = await client.post(url).headers(HEADERS).body_bytes(BODY).build().send()
            assert response.status == 200, response.status

        await one(0)
        return await _together(count, width, one)


async def pycurl(server: Server, count: int, width: int) -> Figures | None:
    """libcurl's multi interface on one thread, driven as fast as it goes, handles used again."""
    try:
        import pycurl as curl
    except ImportError:
        return None
    authority = server.folder / "authority.pem"
    authority.write_bytes(AUTHORITY.pem)
    fields = [f"{name}: {value}" for name, value in HEADERS.items()]

    def run() -> Figures:
        multi = curl.CurlMulti()
        multi.setopt(curl.M_PIPELINING, 2)
        multi.setopt(curl.M_MAX_HOST_CONNECTIONS, 1)
        left, done = count, 0

        def aim(handle: object) -> None:
            nonlocal left
            left -= 1
            handle.setopt(curl.URL, f"https://{HOST}:{server.port}{path(left)}")  # type: ignore[attr-defined]
            multi.add_handle(handle)

        handles = []
        for _ in range(width):
            handle = curl.Curl()
            handle.setopt(curl.HTTP_VERSION, curl.CURL_HTTP_VERSION_2TLS)
            handle.setopt(curl.PIPEWAIT, 1)
            handle.setopt(curl.RESOLVE, [f"{HOST}:{server.port}:127.0.0.1"])
            handle.setopt(curl.CAINFO, str(authority))
            handle.setopt(curl.HTTPHEADER, fields)
            handle.setopt(curl.POSTFIELDS, BODY)
            handle.setopt(curl.WRITEDATA, BytesIO())
            handles.append(handle)
        wall, cpu = time.perf_counter(), time.thread_time()
        for handle in handles:
            aim(handle)
        while done < count:
            multi.perform()
            _, good, bad = multi.info_read()
            assert not bad, bad
            for handle in good:
                assert handle.getinfo(curl.RESPONSE_CODE) == 200
                multi.remove_handle(handle)
                done += 1
                if left > 0:
                    aim(handle)
            if done < count:
                multi.select(0.1)
        return count / (time.perf_counter() - wall), (time.thread_time() - cpu) / count * 1e6

    return await asyncio.to_thread(run)


async def h2load(server: Server, count: int, width: int) -> Figures | None:
    """The bound: a load generator in C."""
    if not shutil.which("h2load"):
        return None
    headers = [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
    url = f"https://127.0.0.1:{server.port}{path(1)}"
    command = ["h2load", "-n", str(count), "-c1", "-m", str(width), "-d", str(server.folder / "body"), *headers, url]
    before = _children()
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    words = done.stdout.split()
    if f"{count} succeeded," not in done.stdout:
        raise ConnectFailed(done.stdout + done.stderr)
    return float(words[words.index("req/s,") - 1]), (_children() - before) / count * 1e6


def _children() -> float:
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


CLIENTS = {"h2load": h2load, "own": own, "pycurl": pycurl, "pyreqwest": pyreqwest}
assert threading.active_count() == 1  # the clients' threads must not be shared with anything of ours
