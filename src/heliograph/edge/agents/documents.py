"""XML and forms as the same documents that JSON becomes, so that one reader serves all three.

XML is matched by local name, whatever the namespace and the root. A form names members as
`Message.Title` or `Message[Title]`, items as `AssociateIds[0]`, or by repeating the name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from lxml import etree

from heliograph.core.errors import Malformed
from heliograph.edge.contract.model import Array, Complex, Dictionary, Member, Type
from heliograph.edge.soap.names import XSI_NIL
from heliograph.edge.soap.values import XML_SPACE

_MOST_FIELDS = 10_000
_DEEPEST = 8
_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\[\]]*)\]")

Node = dict[str, Any]  # names to nodes, or to the list of texts given under that name


# ------------------------------------------------------------------------------- XML


def xml_document(root: etree._Element, members: Sequence[Member]) -> tuple[tuple[str, Any], ...]:
    """The members among an element's children. Raises Malformed for text where members are expected."""
    if (root.text or "").strip(XML_SPACE):
        raise Malformed(f"{_local(root)} holds text where members are expected.")
    types = _types(members)
    return tuple(
        (name, _from_element(child, types[name.lower()])) for child in root if (name := _local(child)).lower() in types
    )


def _from_element(element: etree._Element, type: Type) -> Any:
    if element.get(XSI_NIL, "").strip(XML_SPACE) in ("true", "1"):
        return None
    if isinstance(type, Complex):
        return xml_document(element, type.members)
    if isinstance(type, Array):
        return [_from_element(child, type.item) for child in element]
    if isinstance(type, Dictionary):
        return tuple(_pair(pair) for pair in element)
    if len(element):
        raise Malformed(f"{_local(element)} must hold text alone.")
    return element.text or ""


def _pair(element: etree._Element) -> tuple[str, str]:
    parts = {_local(child): child.text or "" for child in element}
    if "Key" not in parts:
        raise Malformed(f"{_local(element)} has no Key.")
    return parts["Key"], parts.get("Value", "")


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _types(members: Sequence[Member]) -> dict[str, Type]:
    return {member.wire.lower(): member.type for member in members if member.attr and member.type is not None}


# ----------------------------------------------------------------------------- forms


def form_document(body: bytes, members: Sequence[Member]) -> tuple[tuple[str, Any], ...]:
    """The members that a form names. Raises Malformed when it cannot be read."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Malformed("The form cannot be read.") from None
    root: Node = {}
    for name, value in pairs:
        _plant(root, name, value)
    return _object(root, _types(members))


def _plant(node: Node, name: str, value: str) -> None:
    steps = [found[1] or found[2] or "" for found in _STEP.finditer(name)]
    if not steps or len(steps) > _DEEPEST:
        raise Malformed(f"The form's field {name[:60]!r} is no name.")
    if len(steps) > 1 and not steps[-1]:
        steps.pop()  # AssociateIds[]=1&AssociateIds[]=2
    for step in steps[:-1]:
        node = node.setdefault(step, {})
        if not isinstance(node, dict):
            raise Malformed(f"The form's field {name[:60]!r} has both a value and members.")
    texts = node.setdefault(steps[-1], [])
    if not isinstance(texts, list):
        raise Malformed(f"The form's field {name[:60]!r} has both a value and members.")
    texts.append(value)


def _object(node: Node, types: dict[str, Type]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, _from_node(name, node[name], types[name.lower()])) for name in node if name.lower() in types)


def _from_node(name: str, node: Any, type: Type) -> Any:
    if isinstance(type, Array):
        return _items(name, node, type)
    if isinstance(type, Complex | Dictionary):
        if not isinstance(node, dict):
            raise Malformed(f"{name[:60]} is an object: give its members as {name[:60]}.Member.")
        if isinstance(type, Complex):
            return _object(node, _types(type.members))
        return tuple((key, _only(key, texts)) for key, texts in node.items())
    return _only(name, node)


def _items(name: str, node: Any, type: Array) -> list[Any]:
    if isinstance(node, list):
        return [_from_node(name, [text], type.item) for text in node]
    if not all(key.isascii() and key.isdigit() and len(key) < 10 for key in node):
        raise Malformed(f"{name[:60]} is an array: give its items as {name[:60]}[0].")
    return [_from_node(name, node[key], type.item) for key in sorted(node, key=int)]


def _only(name: str, node: Any) -> str:
    if isinstance(node, dict):
        raise Malformed(f"{name[:60]} is a single value.")
    if len(node) > 1:
        raise Malformed(f"{name[:60]} stands twice.")
    return str(node[0])
