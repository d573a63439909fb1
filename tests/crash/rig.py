"""A gateway process that can be killed at any moment, and callers who remember what they were promised."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.ports import free_port

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"


class GatewayProcess:
    """`heliograph demo --json` as a child process, started again and again on one data folder."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._environment = os.environ | {"HELIOGRAPH_LOG__LEVEL": "warning"} | environment
        self._process: asyncio.subprocess.Process | None = None
        self.port = free_port()  # the same after each kill, when its callers are knocking
        self.ready: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        """Leave nothing running, whatever became of the test."""
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    async def start(self) -> dict[str, Any]:
        """Start and wait until it says that it is ready; the same port every time."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "heliograph", "demo", "--json", "--port", str(self.port)),
            *("--data", str(self._folder)),
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        assert line, "it ended before it was ready; the reason is on its standard error"
        self.ready = json.loads(line)
        return self.ready

    @property
    def pid(self) -> int:
        """The process that serves."""
        assert self._process is not None
        return self._process.pid

    async def kill(self) -> None:
        """End the whole process group at once, as a power cut of the program would."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self._process is not None
        self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), 60)


@dataclass
class Ledger:
    """What callers sent and what they were promised."""

    promised: set[str] = field(default_factory=set)  # answered with success
    unanswered: set[str] = field(default_factory=set)  # sent, and the answer never came: may or may not arrive
    refused: Counter[str] = field(default_factory=Counter)
    serial: int = 0
    kills: int = 0

    def token(self, kind: str) -> str:
        """A text that no other message carries."""
        self.serial += 1
        return f"{kind}-{self.serial}."


class Connection:
    """The least of an HTTP client: one request at a time on one connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.heard = ""  # the head of the last answer, in lower case

    async def post(
        self, path: str, content_type: str, body: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and body; raises OSError or EOFError when the server went away."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        data = body.encode()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {len(data)}\r\n"
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        writer.write(f"{head}{more}\r\n".encode() + data)
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.heard = answer.lower()
        lines = answer.split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length"))
        return int(lines[0].split()[1]), (await reader.readexactly(length)).decode()

    def close(self) -> None:
        """Let go of the socket."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def caller(kind: str, ready: dict[str, Any], hook_url: str, ledger: Ledger) -> None:
    """Send one message after the other until the server goes away; write down every promise."""
    connection = Connection(int(ready["url"].rsplit(":", 1)[1]))
    try:
        while True:
            token = ledger.token(kind)
            path, content_type, body, success = request(kind, token, ready, hook_url)
            ledger.unanswered.add(token)
            status, answer = await connection.post(path, content_type, body)
            ledger.unanswered.discard(token)
            if status == 200 and success in answer:
                ledger.promised.add(token)
            else:
                ledger.refused[f"{kind} {status} {answer[:300]}"] += 1
    except (OSError, EOFError):
        return  # killed: the token of the running request stays among the unanswered
    finally:
        connection.close()


def request(kind: str, token: str, ready: dict[str, Any], hook_url: str) -> tuple[str, str, str, str]:
    """Path, content type, body and the text of success for one message."""
    user = ready["users"][0]
    if kind == "rest":
        fields = {"UserEmail": user["email"], "Title": token, "Body": "crash", "CompanyId": ready["company_id"]}
        body = json.dumps(fields | {"IntegrationKey": ready["integration_key"]})
        return "/api/v2/push?format=json", "application/json", body, "{}"
    if kind == "push":
        inner = (
            '<p:SendPushNotification><p:AssociateIds xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays">'
            f"<a:int>{user['associate_id']}</a:int></p:AssociateIds><p:Message><p:Title>{token}</p:Title></p:Message>"
            "</p:SendPushNotification>"
        )
        return "/Remote/Services86/Pocket.svc", "text/xml", envelope(ready, inner), ">true</h:Succeeded>"
    plugin, to = ("webhook", hook_url) if kind == "hook" else ("inbox", user["user_name"])
    inner = (
        f"<p:SendMessages><p:Plugin>{plugin}</p:Plugin><p:OutgoingMessages><p:OutgoingMessage><p:From>{token}</p:From>"
        f"<p:To>{to}</p:To><p:Content>{token}</p:Content></p:OutgoingMessage></p:OutgoingMessages></p:SendMessages>"
    )
    return "/Remote/Services86/Messaging.svc", "text/xml", envelope(ready, inner), "<Status>1</Status>"


def envelope(ready: dict[str, Any], inner: str) -> str:
    """A SOAP 1.1 request with the first user's ticket."""
    return (
        f'<s:Envelope xmlns:s="{SOAP11}" xmlns:p="http://www.superoffice.net/ws/crm/NetServer/Services86"><s:Header>'
        f"<p:Credentials><p:Ticket>{ready['ticket']}</p:Ticket></p:Credentials></s:Header><s:Body>{inner}</s:Body></s:Envelope>"
    )


def token_of(payload: Any) -> str:
    """The token in a webhook's JSON, wherever the channel puts the text."""
    text = json.dumps(payload)
    start = text.index("hook-")
    return text[start : text.index(".", start) + 1]
