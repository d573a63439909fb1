"""From the bytes of a request to its parameters: JSON, XML and the query string through one table.

Contract: rest-push, sections 1, 2, 3 and 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from heliograph.core.errors import Malformed
from heliograph.edge.json import read_json
from heliograph.edge.rest.fields import PUSH, PushRequest, Table, flag, texts
from heliograph.edge.rest.formats import Format, Media, query_pairs
from heliograph.edge.xml import read_any_xml

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{XSI}}}nil"


async def bind(media: Media, body: bytes, query: bytes, *, require_xmlns_i: bool = False) -> PushRequest:
    """The parameters of a push. Raises as `bind_to` does."""
    return PushRequest(**await bind_to(PUSH, media, body, query, require_xmlns_i=require_xmlns_i))


async def bind_to(
    table: Table, media: Media, body: bytes, query: bytes, *, require_xmlns_i: bool = False
) -> dict[str, Any]:
    """The request's parameters; those of the query string win over the body's, and empty ones of it count as absent.

    Raises Malformed (also for a value of the wrong type), UnsafeXml.
    """
    members: dict[str, Any]
    if not body:
        members = {}
    elif media.format is Format.JSON:
        members = from_json(body, media.charset, table)
    else:
        members = from_xml(await read_any_xml(body, media.charset), table, require_xmlns_i=require_xmlns_i)
    if query and query not in (b"format=json", b"format=xml"):
        members.update(table.collect(query_pairs(query), any_case=True))
    return members


# ---------------------------------------------------------------------------- JSON


def from_json(body: bytes, charset: str, table: Table = PUSH) -> dict[str, Any]:
    """Members of the one object that the body is. Raises Malformed."""
    document = read_json(body, charset)
    if not isinstance(document, tuple):
        raise Malformed("The JSON must be one object.")
    return table.collect(document, any_case=True)


# ----------------------------------------------------------------------------- XML


def from_xml(root: etree._Element, table: Table = PUSH, *, require_xmlns_i: bool) -> dict[str, Any]:
    """Members among the root's children, by local name, in any order; whatever the root is called. Raises Malformed."""
    if require_xmlns_i and root.nsmap.get("i") != XSI:
        raise Malformed(f'The root element must declare xmlns:i="{XSI}".')
    return table.collect(_values(root, table), any_case=False)


def _values(root: etree._Element, table: Table) -> Iterator[tuple[str, Any]]:
    for child in root:
        name = child.tag.rpartition("}")[2]
        field = table.by_name.get(name)
        if field is None:
            continue
        if child.get(_NIL, "").strip() in ("true", "1"):
            yield name, None
        elif field.read is texts and len(child):
            yield name, [_text(each, name) for each in child]
        else:
            yield name, _word(_text(child, name)) if field.read is flag else _text(child, name)


def _text(element: etree._Element, name: str) -> str:
    if len(element):
        raise Malformed(f"{name} must hold text alone.")
    return element.text or ""


def _word(text: str) -> str:
    """xs:boolean writes true and false also as 1 and 0."""
    return {"1": "true", "0": "false"}.get(text.strip(), text)
