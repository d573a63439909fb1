"""Servers that none of us wrote, in the place of a provider: Node's HTTP/2 server, told what to do, and nghttpd with files."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.ports import free_port

from heliograph.core.outcome import Deferred, Outcome
from heliograph.testing.certificates import Authority
from heliograph.testing.servers.http2 import Answer, Fault

NODE, NGHTTPD = shutil.which("node"), shutil.which("nghttpd")

#: What the peer does when something is wrong, by the first digits of the token (see peer.mjs), and the same for our fakes.
FAULTS: dict[str, Answer] = {
    "05": Answer(fault=Fault.STALL),
    "06": Answer(fault=Fault.RESET),
    "07": Answer(fault=Fault.REFUSE),
    "08": Answer(fault=Fault.GOAWAY),
    "09": Answer(fault=Fault.HANG_UP),
}


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is ended with the test."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def node(authority: Authority, folder: Path) -> AsyncIterator[str]:
    """Node's server; its address."""
    chain, key = authority.files(folder, "127.0.0.1")
    script = Path(__file__).with_name("peer.mjs")
    async with running(str(NODE), str(script), str(chain), str(key)) as process:
        assert process.stdout is not None
        yield f"https://127.0.0.1:{int(await process.stdout.readline())}"


@asynccontextmanager
async def nghttpd(authority: Authority, folder: Path, files: Mapping[str, bytes]) -> AsyncIterator[str]:
    """nghttpd with these files, which it answers every verb with; its address, once it listens."""
    chain, key = authority.files(folder, "127.0.0.1")
    for path, content in files.items():
        file = folder / "htdocs" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    port = free_port()
    command = [str(NGHTTPD), "-a", "127.0.0.1", "-d", str(folder / "htdocs"), str(port), str(key), str(chain)]
    async with running(*command):
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        yield f"https://127.0.0.1:{port}"


def comparable(outcome: Outcome) -> Outcome:
    """Each server has its own way of being cut off, and we our words for it."""
    if isinstance(outcome, Deferred) and outcome.in_doubt:
        return Deferred("in doubt", in_doubt=True)
    return outcome
