"""What is written of a request: an id, verb, address without secrets, status, time. Debug level, never a body."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

from heliograph.edge.http.messages import Scope, Send

_ANSWER_LINK = re.compile(r"(?i)(/answer/).*")  # whoever has the link is its recipient
_SECRET = re.compile(r"(?i)((?:integrationkey|password|ticket|token|secret|key)=)[^&#;]*")

log = structlog.get_logger("heliograph.access")


def without_secrets(query: bytes) -> str:
    """A query string in which the values that let somebody in are replaced, whatever the case of their names.

    A name that hides behind percent signs is no name we serve without them, so every value is hidden then.
    """
    text = query.decode("latin-1")
    names = "".join(part.partition("=")[0] for part in re.split("[&;]", text))
    if "%" in names:
        return "(hidden)"
    return _SECRET.sub(r"\1(hidden)", text)


class Watched:
    """The send callable of one request, which remembers the status that went out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


def record(scope: Scope, status: int, seconds: float, request_id: str) -> None:
    """One line per request."""
    log.debug(
        "request",
        request_id=request_id,
        method=scope["method"],
        path=_ANSWER_LINK.sub(r"\1(hidden)", scope["path"]),
        query=without_secrets(scope.get("query_string", b"")),
        status=status,
        ms=round(seconds * 1000, 2),
    )
