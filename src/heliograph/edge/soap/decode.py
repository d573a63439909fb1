"""From elements to values: a reader for every declared type, compiled once for each version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from lxml import etree

from heliograph.edge.contract.model import Array, Complex, Dictionary, Enumeration, Family, Member, Scalar, Type
from heliograph.edge.contract.scalars import DURATION, STRING
from heliograph.edge.soap.names import XSD, namespace, type_name
from heliograph.edge.soap.typenames import Misfit, TypeNames
from heliograph.edge.soap.values import READERS, XML_SPACE, enum_reader


class _Absent:
    """The one value that means: nothing was sent for this."""


ABSENT: Final = _Absent()

#: The children of an element as a list: a slice is walked in half the time of an iterator.
ALL: Any = slice(None)


Reader = Callable[[etree._Element, TypeNames], Any]
Table = dict[str, tuple[str, str, Reader]]  # tag -> attribute, wire name, reader


def reader(type: Type, version: int) -> Reader:
    """How elements of this type are read."""
    expected = _expected(type, version)
    if isinstance(type, Scalar):
        return _text_reader(expected) if type is STRING else _scalar_reader(READERS[type.name], expected)
    if isinstance(type, Enumeration):
        return _scalar_reader(enum_reader(type, version), expected)
    if isinstance(type, Array):
        return _array_reader(type, version, expected)
    if isinstance(type, Dictionary):
        return _dictionary_reader(type, version, expected)
    return _complex_reader(type, version, expected)


def member_table(members: Sequence[Member], family: Family, version: int) -> Table:
    """Tags to what is done with them; members that the gateway knows nothing of are left out, and so read over."""
    uri = namespace(family, version)
    return {
        f"{{{uri}}}{member.wire}": (member.attr, member.wire, reader(member.type, version))
        for member in members
        if member.attr and member.type is not None
    }


def read_members(element: etree._Element, table: Table, types: TypeNames) -> dict[str, Any]:
    """The members that are there, in whatever order. Raises Misfit, also for one that stands twice."""
    values: dict[str, Any] = {}
    for child in element[ALL]:
        entry = table.get(child.tag)
        if entry is None:
            continue
        attr, wire, read = entry
        if attr in values:
            raise Misfit("stands twice", wire)
        try:
            value = read(child, types)
        except Misfit as misfit:
            raise misfit.within(wire) from None
        if value is not ABSENT:
            values[attr] = value
    if not values and (element.text or "").strip(XML_SPACE):
        raise Misfit("holds text where members are expected")
    return values


def _expected(type: Type, version: int) -> frozenset[str]:
    uri, name = type_name(type, version)
    return _names(f"{{{uri}}}{name}", f"{{{XSD}}}duration" if type is DURATION else "")


@cache
def _names(*names: str) -> frozenset[str]:
    """The same object for the same names, so that readers can compare by identity."""
    return frozenset(filter(None, names))


def _text_reader(expected: frozenset[str]) -> Reader:
    def read(element: etree._Element, types: TypeNames) -> Any:
        values = element.values()  # the most frequent answers of `nil`, without the call
        if values and (len(values) > 1 or types.fits.get(values[0]) is not expected) and types.nil(element, expected):
            return ABSENT
        if len(element):
            raise Misfit("holds elements where text is expected")
        return element.text or ""

    return read


def _scalar_reader(parse: Callable[[str], Any], expected: frozenset[str]) -> Reader:
    def read(element: etree._Element, types: TypeNames) -> Any:
        values = element.values()  # the most frequent answers of `nil`, without the call
        if values and (len(values) > 1 or types.fits.get(values[0]) is not expected) and types.nil(element, expected):
            return ABSENT
        if len(element):
            raise Misfit("holds elements where a single value is expected")
        text = (element.text or "").strip(XML_SPACE)
        if not text:
            return ABSENT
        try:
            return parse(text)
        except ValueError as error:
            raise Misfit(str(error)) from None

    return read


def _complex_reader(type: Complex, version: int, expected: frozenset[str]) -> Reader:
    carrier = type.python
    if carrier is None:
        raise TypeError(f"{type.name} has no carrier to be read into")
    table = member_table(type.all_members(version), type.family, version)

    def read(element: etree._Element, types: TypeNames) -> Any:
        values = element.values()
        if values and (len(values) > 1 or types.fits.get(values[0]) is not expected) and types.nil(element, expected):
            return ABSENT
        return carrier(**read_members(element, table, types))

    return read


def _array_reader(type: Array, version: int, expected: frozenset[str]) -> Reader:
    tag = f"{{{namespace(type.family, version)}}}{type.item_name}"
    read_item = reader(type.item, version)
    nothing = for_nothing(type.item)

    def read(element: etree._Element, types: TypeNames) -> Any:
        values = element.values()
        if values and (len(values) > 1 or types.fits.get(values[0]) is not expected) and types.nil(element, expected):
            return ABSENT
        items: list[Any] = []
        for child in element[ALL]:
            if child.tag != tag:
                raise Misfit(f"holds {str(child.tag)[:120]!r} where only {tag!r} is expected")
            try:
                value = read_item(child, types)
                items.append(nothing() if value is ABSENT else value)
            except Misfit as misfit:
                raise misfit.within(f"[{len(items)}]") from None
        if not items and (element.text or "").strip(XML_SPACE):
            raise Misfit("holds text where items are expected")
        return items

    return read


def for_nothing(item: Type) -> Callable[[], Any]:
    """Makes what a null, nil or empty item of an array counts as, so that the array keeps its length; over JSON as well."""

    def refused() -> Any:
        raise Misfit("is empty")

    if isinstance(item, Complex) and item.python is not None:
        return item.python
    return str if item is STRING else refused


def _dictionary_reader(type: Dictionary, version: int, expected: frozenset[str]) -> Reader:
    uri = namespace(type.family, version)
    pair_tag, key_tag, value_tag = (f"{{{uri}}}{name}" for name in (type.pair, "Key", "Value"))
    read_key, read_value = reader(type.key, version), reader(type.value, version)

    def read(element: etree._Element, types: TypeNames) -> Any:
        values = element.values()
        if values and (len(values) > 1 or types.fits.get(values[0]) is not expected) and types.nil(element, expected):
            return ABSENT
        pairs: dict[Any, Any] = {}
        for pair in element[ALL]:
            if pair.tag != pair_tag:
                raise Misfit(f"holds {str(pair.tag)[:120]!r} where only {pair_tag!r} is expected")
            key: Any = ""
            value: Any = ""
            for child in pair[ALL]:
                if child.tag == key_tag:
                    key = read_key(child, types)
                elif child.tag == value_tag:
                    value = read_value(child, types)
            pairs["" if key is ABSENT else key] = "" if value is ABSENT else value
        return pairs

    return read
