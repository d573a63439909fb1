"""Documents of the family as JSON and as XML: lists by the singular of their names, no namespace (contract, section 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from heliograph.edge.http.messages import Answer
from heliograph.edge.rest.binding import XSI
from heliograph.edge.rest.formats import CONTENT_TYPE, Format
from heliograph.edge.rest.status import escaped

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_HEADERS = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))


def success(document: dict[str, Any], format: Format, root: str) -> Answer:
    """An answer of 200."""
    if format is Format.JSON:
        body = msgspec.json.encode(document)
    else:
        inside = "".join(_element(name, value) for name, value in document.items())
        body = f'{_DECLARATION}<{root} xmlns:i="{XSI}">{inside}<ResponseStatus i:nil="true"/></{root}>'.encode()
    return Answer(200, CONTENT_TYPE[format], body, _HEADERS)


def _element(name: str, value: Any) -> str:
    if isinstance(value, dict):
        inside = "".join(_element(inner, each) for inner, each in sorted(value.items()))
    elif isinstance(value, list):
        inside = "".join(_element(name.removesuffix("s"), each) for each in value)
    else:
        inside = escaped(str(value))
    return f"<{name}>{inside}</{name}>"
