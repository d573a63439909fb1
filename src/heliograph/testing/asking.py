"""A plain HTTP/1.1 client for tests: says exactly what it is told to, and reads one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec


class Heard(msgspec.Struct, frozen=True):
    """An answer: header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    def json(self) -> object:
        """The body as JSON."""
        return msgspec.json.decode(self.body)


async def ask(
    base: str, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Heard:
    """One request on a connection of its own. Content-Length is added where there is a body; nothing else but Host."""
    place = urlsplit(base)
    given = {"Host": place.netloc, **(headers or {})}
    if body and "Transfer-Encoding" not in given:
        given.setdefault("Content-Length", str(len(body)))
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return await say(base, f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body, head_only=method == "HEAD")


async def say(base: str, raw: bytes, *, head_only: bool = False, within: float = 10.0) -> Heard:
    """The answer to these bytes."""
    place = urlsplit(base)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        async with asyncio.timeout(within):
            writer.write(raw)
            return await hear(reader, head_only=head_only)
    finally:
        writer.close()


async def hear(reader: asyncio.StreamReader, *, head_only: bool = False) -> Heard:
    """The next answer on a connection, its body whole."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = head.split("\r\n")[:-2]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = b"" if head_only else await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(int(status.split(" ")[1]), headers, body)
