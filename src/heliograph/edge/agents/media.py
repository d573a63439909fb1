"""What a request is in, what its answer is wanted in, and which members of it ($select)."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from heliograph.core.errors import UnsupportedMedia
from heliograph.edge.rest.formats import Format, accepted_types, charset_of, query_pairs


class Kind(Enum):
    """The notations a request may be in."""

    JSON = "json"
    XML = "xml"
    FORM = "form"


#: Contract soap, section 7; a request without a type is JSON.
READ: dict[str, Kind] = {
    "application/json": Kind.JSON,
    "text/json": Kind.JSON,
    "application/json-patch+json": Kind.JSON,
    "application/merge-patch+json": Kind.JSON,
    "application/xml": Kind.XML,
    "text/xml": Kind.XML,
    "application/x-www-form-urlencoded": Kind.FORM,
    "": Kind.JSON,
}


class Media(NamedTuple):
    """A Content-Type, read."""

    kind: Kind
    charset: str


@lru_cache(maxsize=256)
def media_of(content_type: str) -> Media:
    """Raises UnsupportedMedia for a type that is not read."""
    name, _, parameters = content_type.partition(";")
    kind = READ.get(name.strip().lower())
    if kind is None:
        known = ", ".join(filter(None, READ))
        raise UnsupportedMedia(f"The Content-Type {name.strip()[:60]!r} is not read here: send one of {known}.")
    return Media(kind, charset_of(parameters))


@lru_cache(maxsize=256)
def wanted(accept: str) -> Format:
    """XML where the caller prefers it to JSON, else JSON; never an error."""
    for name in accepted_types(accept):
        kind = READ.get(name, Kind.JSON if name in ("*/*", "application/*") else Kind.FORM)
        if name and kind is not Kind.FORM:
            return Format.XML if kind is Kind.XML else Format.JSON
    return Format.JSON


def select(query: bytes) -> frozenset[str]:
    """The members that $select names, in lower case; a path counts by its first step. Raises Malformed."""
    if b"select" not in query.lower():
        return frozenset()
    names = [name for key, value in query_pairs(query) if key.lower() == "$select" for name in value.split(",")]
    return frozenset(name.strip().replace("/", ".").partition(".")[0].lower() for name in names if name.strip())
