"""How many idle inbox streams one process holds and what they cost, and how fast a push reaches a thousand of them.

    python bench/inbox.py [--streams 10000] [--listeners 1000]

The gateway runs in a process of its own, on a file of its own; the listeners are plain sockets here. Both of them share
this machine. Aims: 10,000 idle streams under 1 GiB, 1,000 listeners reached within 250 ms at p99.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from heliograph.app import open_app
from heliograph.config.settings import LogSettings, ServerSettings, Settings
from heliograph.core.people import Caller, Door
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.observe.log import set_up
from heliograph.testing.builders import a_company, a_user

ROUNDS = 10
USERS = 1000  # who are pushed to; as many others only hold streams open
MIB = 1024 * 1024


# ------------------------------------------------------------------------------ the gateway


async def gateway(folder: Path, streams: int) -> None:
    """Serve; tell address and tickets; then push to as many users as each line of standard input says."""
    most = streams + 100
    server = ServerSettings(port=0, max_connections=most, max_connections_per_address=most)
    async with open_app(Settings(data_dir=folder, server=server)) as app:
        await app.directory.add_company(a_company())
        users = await app.directory.add_users([a_user(101 + n) for n in range(2 * USERS)])
        tickets = [await app.sign_in.issue_ticket(user) for user in users]
        async with app.serving() as running:
            print(json.dumps({"url": running.url, "tickets": tickets}), flush=True)
            caller = Caller(company_id=1, door=Door.REST, associate_id=101)
            while line := await asyncio.to_thread(sys.stdin.readline):
                ids = [user.associate_id for user in users[: int(line)]]
                message = PocketNotificationMessage(title="Fog", message="Sound the horn")
                began = time.monotonic()
                await app.services.call("SendPushNotification", {"associate_ids": ids, "message": message}, caller)
                print(json.dumps({"began": began, "accepted": time.monotonic()}), flush=True)


# ---------------------------------------------------------------------------- the listeners


class Listener(asyncio.Protocol):
    """One open stream: when it was opened, and when its latest event came."""

    def __init__(self, request: bytes, opened: asyncio.Future[None]) -> None:
        self._request = request
        self._opened = opened
        self.heard = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if b"event: message" in data:
            self.heard = time.monotonic()
        elif not self._opened.done():
            assert data.startswith(b"HTTP/1.1 200"), data[:200]
            self._opened.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(error or ConnectionError("closed"))


async def listen(url: str, tickets: list[str], streams: int) -> list[Listener]:
    """Open that many streams, the tickets taking turns, a hundred at a time."""
    loop, place = asyncio.get_running_loop(), url.removeprefix("http://")
    host, port = place.rsplit(":", 1)
    listeners = []
    for first in range(0, streams, 100):
        opened = []
        for number in range(first, min(first + 100, streams)):
            head = f"GET /api/v2/inbox/stream HTTP/1.1\r\nHost: {place}\r\nAuthorization: SOTicket {tickets[number % len(tickets)]}"
            done = loop.create_future()
            opened.append(done)
            request = f"{head}\r\n\r\n".encode()
            _, listener = await loop.create_connection(lambda r=request, d=done: Listener(r, d), host, int(port))
            listeners.append(listener)
        await asyncio.gather(*opened)
    return listeners


async def reached(listeners: list[Listener], since: float, within: float = 20.0) -> list[float]:
    """Seconds until each of them heard, sorted."""
    until = time.monotonic() + within
    while any(each.heard < since for each in listeners):
        if time.monotonic() > until:
            raise TimeoutError(f"{sum(each.heard < since for each in listeners)} listeners heard nothing")
        await asyncio.sleep(0.05)
    return sorted(each.heard - since for each in listeners)


async def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line the gateway prints."""
    assert process.stdout is not None
    return json.loads(await asyncio.to_thread(process.stdout.readline))


def memory(process: subprocess.Popen[str]) -> tuple[int, float]:
    """Bytes of memory the process holds, and seconds of CPU it has used."""
    status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    held = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return held, (int(fields[11]) + int(fields[12])) / 100


async def bench(process: subprocess.Popen[str], streams: int, wanted: int) -> None:
    ready = await told(process)
    before, _ = memory(process)
    began = time.monotonic()
    url, tickets = ready["url"], ready["tickets"]
    listeners = await listen(url, tickets[:wanted], wanted)
    idle = await listen(url, tickets[USERS:], streams - wanted)
    took = time.monotonic() - began
    await asyncio.sleep(2)
    held, cpu = memory(process)
    await asyncio.sleep(20)  # a heartbeat is every 15 s
    later, used = memory(process)
    print(f"{streams:,} streams opened in {took:.1f} s ({streams / took:,.0f}/s)")
    print(f"memory: {before / MIB:.0f} MiB without, {held / MIB:.0f} MiB with, {later / MIB:.0f} MiB 20 s later")
    print(
        f"        {(later - before) / streams / 1024:.1f} KiB a stream; idle CPU {(used - cpu) / 20 * 100:.0f} % of a core"
    )
    await measure(process, listeners, wanted, f"{wanted:,} users with a stream each, {len(idle):,} idle streams beside")
    for each in idle:
        each.transport.close()  # type: ignore[attr-defined]
    await asyncio.sleep(2)
    await measure(process, listeners, wanted, f"{wanted:,} users with a stream each, nothing beside")
    for each in listeners:
        each.transport.close()  # type: ignore[attr-defined]
    same = await listen(url, tickets[:1], wanted)
    await measure(process, same, 1, f"one user with {wanted:,} streams")


async def measure(process: subprocess.Popen[str], listeners: list[Listener], users: int, what: str) -> None:
    """Push some times; the delay is from the call to the event in a listener's hands, acceptance included."""
    assert process.stdin is not None
    delays: list[float] = []
    accepted: list[float] = []
    for _ in range(ROUNDS):
        process.stdin.write(f"{users}\n")
        process.stdin.flush()
        times = await told(process)
        delays += await reached(listeners, times["began"])
        accepted.append(times["accepted"] - times["began"])
        await asyncio.sleep(0.3)
    delays.sort()
    p50, p99 = (delays[int(len(delays) * share)] * 1000 for share in (0.5, 0.99))
    mean = sum(accepted) / len(accepted) * 1000
    print(f"{what}: p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {delays[-1] * 1000:.0f} ms (accepting took {mean:.0f} ms)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--gateway", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    wanted = given.streams + 500
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    if given.gateway:
        import uvloop

        set_up(LogSettings(level="error"))
        uvloop.run(gateway(given.gateway, given.streams))
        return
    if given.listeners > min(USERS, given.streams):
        parser.error(f"at most {min(USERS, given.streams)} listeners")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--gateway", folder, "--streams", str(given.streams)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            asyncio.run(bench(process, given.streams, given.listeners))
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
