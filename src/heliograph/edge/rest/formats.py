"""JSON or XML: what a request is in, and what its answer is wanted in.

Contract: rest-push, section 3.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from urllib.parse import parse_qsl

import msgspec

from heliograph.core.errors import Malformed, UnsupportedMedia

_MAX_PARAMETERS = 100


class Format(StrEnum):
    """The two notations of the family."""

    JSON = "json"
    XML = "xml"


CONTENT_TYPE = {Format.JSON: "application/json; charset=utf-8", Format.XML: "application/xml"}

_MEDIA = {
    "application/json": Format.JSON,
    "text/json": Format.JSON,
    "application/xml": Format.XML,
    "text/xml": Format.XML,
}


class Media(msgspec.Struct, frozen=True):
    """A request's Content-Type, read."""

    format: Format
    charset: str = ""


@lru_cache(maxsize=256)
def media_of(content_type: str) -> Media:
    """What the body is in; no Content-Type is XML. Raises UnsupportedMedia for anything but JSON and XML."""
    name, _, parameters = content_type.partition(";")
    name = name.strip().lower()
    if not name:
        return Media(Format.XML)
    format = _MEDIA.get(name)
    if format is None:
        raise UnsupportedMedia(
            f"The Content-Type {name[:60]!r} is not read here: send application/json or application/xml."
        )
    return Media(format, charset_of(parameters))


def charset_of(parameters: str) -> str:
    """The charset among a Content-Type's parameters, in lower case. Raises UnsupportedMedia when there are two."""
    found = ""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            if found:
                raise UnsupportedMedia("The Content-Type names a charset twice.")
            found = value.strip().strip('"').lower()
    return found


def query_pairs(query: bytes) -> list[tuple[str, str]]:
    """The parameters that have a value, in order. Raises Malformed when they are not UTF-8 or too many."""
    if not query:
        return []
    try:
        return parse_qsl(query.decode("ascii"), errors="strict", max_num_fields=_MAX_PARAMETERS)
    except ValueError:  # UnicodeError is one of these
        raise Malformed("The query string cannot be read.") from None


def wanted_format(query: bytes, accept: str, content_type: str) -> Format:
    """How to answer: the `format` parameter, else Accept, else the request's own format, else XML. Never an error."""
    if query == b"format=json":
        return Format.JSON
    if query == b"format=xml":
        return Format.XML
    if b"ormat" in query.lower():
        try:
            asked = [value.lower() for name, value in query_pairs(query) if name.lower() == "format"]
        except Malformed:
            asked = []
        for value in asked:
            if "json" in value:
                return Format.JSON
            if "xml" in value:
                return Format.XML
    return _accepted(accept, content_type)


@lru_cache(maxsize=256)
def _accepted(accept: str, content_type: str) -> Format:
    for name in accepted_types(accept or "*/*"):
        if name in _MEDIA:
            return _MEDIA[name]
        if name in ("*/*", "application/*"):
            return _own(content_type)
    return Format.XML


def accepted_types(accept: str) -> list[str]:
    """The types of an Accept header, the most wanted first; those that are not wanted (q=0) are left out."""
    ranked = sorted(_ranges(accept), key=lambda entry: -entry[1])
    return [name for name, weight in ranked if weight > 0]


def _ranges(accept: str) -> list[tuple[str, float]]:
    ranges = []
    for part in accept.split(",")[:32]:
        name, *parameters = [piece.strip().lower() for piece in part.split(";")]
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        ranges.append((name, weight))
    return ranges


def _own(content_type: str) -> Format:
    return _MEDIA.get(content_type.partition(";")[0].strip().lower(), Format.XML)
