"""Small JSON bodies of the product's own endpoints, read under a limit into a struct that says what they may hold."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from heliograph.core.errors import InvalidArgument, Malformed, UnsupportedMedia
from heliograph.edge.http.messages import check_head, header_map, read_body
from heliograph.edge.json import read_json

T = TypeVar("T", bound=msgspec.Struct)

LIMIT = 16 * 1024  # bytes


async def json_body(request: Request, kind: type[T]) -> T:
    """The body as that struct; members it does not know are left out.

    Raises UnsupportedMedia for another content type (which a form of another site could send), TooLarge, Malformed, and
    InvalidArgument naming the member that has the wrong type.
    """
    headers = header_map(request.scope)
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise UnsupportedMedia("Send application/json.")
    check_head(headers, LIMIT)
    document = _plain(read_json(await read_body(request.receive, LIMIT)))
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at `$")
        raise InvalidArgument(f"{sentence}.", field=path.strip("`.") or "body") from None


def _plain(value: Any) -> Any:
    """Objects as dicts. Raises Malformed for a name that stands twice."""
    if isinstance(value, tuple):
        made = {name: _plain(member) for name, member in value}
        if len(made) < len(value):
            raise Malformed("A name stands twice in an object.")
        return made
    return [_plain(member) for member in value] if isinstance(value, list) else value
