"""From the bytes of a push request to its parameters: JSON, XML and the query string through one table.

Contract: rest-push, sections 1, 2, 3 and 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from heliograph.core.errors import Malformed
from heliograph.edge.json import read_json
from heliograph.edge.rest.fields import BY_NAME, PushRequest, collect
from heliograph.edge.rest.formats import Format, Media, query_pairs
from heliograph.edge.xml import read_any_xml

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{XSI}}}nil"


async def bind(media: Media, body: bytes, query: bytes, *, require_xmlns_i: bool = False) -> PushRequest:
    """The request's parameters; those of the query string win over the body's, and empty ones of it count as absent.

    Raises Malformed (also for a value of the wrong type), UnsafeXml.
    """
    if not body:
        members = {}
    elif media.format is Format.JSON:
        members = from_json(body, media.charset)
    else:
        members = from_xml(await read_any_xml(body, media.charset), require_xmlns_i=require_xmlns_i)
    if query and query not in (b"format=json", b"format=xml"):
        members.update(collect(query_pairs(query), any_case=True))
    return PushRequest(**members)


# ---------------------------------------------------------------------------- JSON


def from_json(body: bytes, charset: str) -> dict[str, Any]:
    """Members of the one object that the body is. Raises Malformed."""
    document = read_json(body, charset)
    if not isinstance(document, tuple):
        raise Malformed("The JSON must be one object.")
    return collect(document, any_case=True)


# ----------------------------------------------------------------------------- XML


def from_xml(root: etree._Element, *, require_xmlns_i: bool) -> dict[str, Any]:
    """Members among the root's children, by local name, in any order; whatever the root is called. Raises Malformed."""
    if require_xmlns_i and root.nsmap.get("i") != XSI:
        raise Malformed(f'The root element must declare xmlns:i="{XSI}".')
    return collect(_values(root), any_case=False)


def _values(root: etree._Element) -> Iterator[tuple[str, str | None]]:
    for child in root:
        name = child.tag.rpartition("}")[2]
        field = BY_NAME.get(name)
        if field is None:
            continue
        if len(child):
            raise Malformed(f"{name} must hold text alone.")
        if child.get(_NIL, "").strip() in ("true", "1"):
            yield name, None
        else:
            yield name, _word(child.text or "") if field.member == "sound" else child.text or ""


def _word(text: str) -> str:
    """xs:boolean writes true and false also as 1 and 0."""
    return {"1": "true", "0": "false"}.get(text.strip(), text)
