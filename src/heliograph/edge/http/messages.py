"""ASGI without a framework: read a body under a limit, send an answer in two messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

from heliograph.core.errors import TooLarge, UnsupportedMedia

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]


#: The name of the ASGI extension by which our own server takes a whole answer at once: one write instead of two.
WHOLE_ANSWER = "heliograph.whole_answer"


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer whose body is whole."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Disconnected(Exception):
    """The client went away before the request was whole; nobody is left to answer."""


def header_map(scope: Scope) -> dict[str, str]:
    """Names in lower case to values; of a repeated header the last one counts."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def check_head(headers: Mapping[str, str], limit: int) -> None:
    """Refuse before the body is read: TooLarge by Content-Length, UnsupportedMedia for a compressed body.

    A compressed body is refused because a few bytes of it can become gigabytes.
    """
    length = headers.get("content-length")
    if length is not None and length.isascii() and length.isdigit() and int(length[:18]) > limit:
        raise TooLarge(f"The body is larger than {limit} bytes.")
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMedia("Content-Encoding is not taken here: send the body as it is.")


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it exceeds `limit` bytes, Disconnected when the client leaves."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise TooLarge(f"The body is larger than {limit} bytes.")
        return body
    parts, size = [], 0
    while True:
        if message["type"] != "http.request":
            raise Disconnected
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise TooLarge(f"The body is larger than {limit} bytes.")
        parts.append(piece)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


async def send_answer(scope: Scope, send: Send, answer: Answer) -> None:
    """Send it: in one piece where the server offers that, else by ASGI's two messages."""
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(answer.body)),
    ]
    if answer.status == 204:  # nothing comes, so nothing is said of it (RFC 9110, 8.6)
        headers = []
    if answer.headers:
        headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    extension = scope.get("extensions", {}).get(WHOLE_ANSWER)
    if extension is not None:
        await extension["send"](answer.status, headers, answer.body)
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
