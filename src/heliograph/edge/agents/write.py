"""From values to documents with the contract's own names, and documents as JSON or XML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import Enum
from operator import attrgetter
from typing import Any

import msgspec

from heliograph.edge.agents.read import LATEST
from heliograph.edge.contract.model import Array, Complex, Dictionary, Enumeration, Member, Scalar, Type
from heliograph.edge.contract.scalars import DATE_TIME, DURATION
from heliograph.edge.soap.names import XSI
from heliograph.edge.soap.values import READERS, escape, write_moment
from heliograph.intake.durations import iso_duration

Writer = Callable[[Any], Any]

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


def writer(type: Type) -> Writer:
    """How values of this type become documents; None stays None."""
    if isinstance(type, Scalar):
        return _SPECIAL.get(type.name, _as_it_is)
    if isinstance(type, Enumeration):
        return _name
    if isinstance(type, Array):
        return _array_writer(type)
    if isinstance(type, Dictionary):
        return lambda value: None if value is None else dict(value)
    return _complex_writer(type)


def members_in_json(type: Complex) -> list[Member]:
    """A carrier's members as JSON has them: its own, then its base's."""
    return type.own_members(LATEST) + (members_in_json(type.base) if type.base else [])


def zero(type: Type | None) -> Any:
    """What stands for a member that the gateway knows nothing of: null, or zero where there is no null."""
    if isinstance(type, Enumeration):
        return type.values_in(LATEST)[0].name
    if isinstance(type, Scalar) and not type.nullable:
        return type.zero if type.name in (DATE_TIME.name, DURATION.name) else READERS[type.name](type.zero)
    return None


def _as_it_is(value: Any) -> Any:
    return value


def _written_moment(value: datetime | None) -> str:
    return DATE_TIME.zero if value is None else write_moment(value)


def _written_duration(value: timedelta | None) -> str:
    return DURATION.zero if value is None else iso_duration(value)


_SPECIAL: dict[str, Writer] = {DATE_TIME.name: _written_moment, DURATION.name: _written_duration}


def _name(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _array_writer(type: Array) -> Writer:
    if isinstance(type.item, Complex) and type.item.python is None:
        return lambda value: None if value is None else []
    write = writer(type.item)
    if write is _as_it_is:
        return _as_it_is
    return lambda value: None if value is None else [write(item) for item in value]


def _complex_writer(type: Complex) -> Writer:
    """Fills a record whose fields are the members by their wire names: it is written in a third of a dict's time."""
    members = members_in_json(type)
    record = msgspec.defstruct(type.name, [(m.wire, Any, zero(m.type)) for m in members], kw_only=True, gc=False)
    known = [(m.wire, m.attr, writer(m.type)) for m in members if m.attr and m.type is not None]
    names = [wire for wire, _, _ in known]
    row = _row([attr for _, attr, _ in known])
    if [m.wire for m in members[: len(known)]] == names:  # what the gateway does not know comes last
        record = msgspec.defstruct(type.name, [(m.wire, Any, zero(m.type)) for m in members], gc=False)
        if all(inner is _as_it_is for _, _, inner in known):
            return lambda value: None if value is None else record(*row(value))
    inners = [inner for _, _, inner in known]

    def write(value: Any) -> Any:
        if value is None:
            return None
        parts = [inner(part) for inner, part in zip(inners, row(value), strict=True)]
        return record(**dict(zip(names, parts, strict=True)))

    return write


def _row(attrs: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Those attributes of a value, always as a tuple."""
    if not attrs:
        return lambda _: ()
    if len(attrs) == 1:
        only = attrgetter(attrs[0])
        return lambda value: (only(value),)
    return attrgetter(*attrs)


def plain(document: Any) -> Any:
    """The document as dicts and lists."""
    return msgspec.to_builtins(document)


def selected(document: Any, names: frozenset[str]) -> Any:
    """The document with only these members (in lower case), the others null; an array item by item."""
    if isinstance(document, list):
        return [selected(item, names) for item in document]
    if isinstance(document, dict):
        return {name: value if name.lower() in names else None for name, value in document.items()}
    return document


def as_json(document: Any) -> bytes:
    """JSON in UTF-8. What is no text (lone surrogates) becomes U+FFFD."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return msgspec.json.encode(_mended(plain(document)))


def _mended(document: Any) -> Any:
    if isinstance(document, str):
        return document.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(document, list):
        return [_mended(item) for item in document]
    if isinstance(document, dict):
        return {_mended(name): _mended(value) for name, value in document.items()}
    return document


def as_xml(document: Any, type: Type, name: str = "") -> bytes:
    """The same document as XML: elements in no namespace, arrays by the names of their items, null as i:nil."""
    pieces = _element(name or type.name, document, type, f' xmlns:i="{XSI}"')
    return "".join([_DECLARATION, *pieces]).encode()


def _element(wire: str, document: Any, type: Type, attributes: str = "") -> Iterator[str]:
    if document is None:
        yield f'<{wire}{attributes} i:nil="true"/>'
        return
    yield f"<{wire}{attributes}>"
    if isinstance(type, Array):
        for item in document:
            yield from _element(type.item_name, item, type.item)
    elif isinstance(type, Dictionary):
        for key, value in document.items():
            yield f"<{type.pair}><Key>{escape(key)}</Key><Value>{escape(value)}</Value></{type.pair}>"
    elif isinstance(type, Complex):
        for member in members_in_json(type):
            if member.type is not None and member.wire in document:
                yield from _element(member.wire, document[member.wire], member.type)
    else:
        yield _text(document)
    yield f"</{wire}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))
