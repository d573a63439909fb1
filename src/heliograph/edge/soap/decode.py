"""From elements to values: a reader for every declared type, compiled once for each version."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from lxml import etree

from heliograph.edge.contract.model import Array, Complex, Dictionary, Enumeration, Family, Member, Scalar, Type
from heliograph.edge.contract.scalars import DURATION, STRING
from heliograph.edge.soap.names import XSD, XSI_NIL, XSI_TYPE, namespace, type_name
from heliograph.edge.soap.values import READERS, XML_SPACE, enum_reader, read_boolean
from heliograph.edge.xml import ASIDE


class _Absent:
    """The one value that means: nothing was sent for this."""


ABSENT: Final = _Absent()

#: The children of an element as a list: a slice is walked in half the time of an iterator.
ALL: Any = slice(None)


MOST_PREFIXES = 64  # in scope at once, where xsi:type needs them resolved
_LONGEST_TAG = 8192
_NO_FITS: Mapping[Any, frozenset[str]] = MappingProxyType({})
_MOST_FITS = 256  # so that nobody can fill the memory with spellings of one name


class Misfit(Exception):
    """A value is not what its type allows; `path` names the member, outermost first."""

    def __init__(self, words: str, path: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.path = path

    def within(self, outer: str) -> Misfit:
        """The same, seen from one level further out."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return Misfit(self.words, f"{outer}{joint}{self.path}")


class _Scope:
    """What the prefixes of one root element stand for, and which xsi:type values were found to fit which type."""

    __slots__ = ("fits", "prefixes")

    def __init__(self, prefixes: dict[str | None, str]) -> None:
        self.prefixes = prefixes
        self.fits: dict[str, frozenset[str]] = {}


#: A client opens all its envelopes alike: what the bytes of that tag declare is worked out once. Oldest out first.
_SCOPES: OrderedDict[bytes, _Scope] = OrderedDict()
_MOST_SCOPES = 64


def _scope_of(root: etree._Element, body: bytes) -> _Scope | None:
    """What holds in the whole document, or None where elements beside the root declare prefixes of their own.

    The key is the root's tag up to its first `>`. It tells all declarations when none follows it and none
    of the names it declares holds a `>` itself (a second look: the parser takes such a name for no URI).
    """
    at = body.find(b"Envelope")
    end = body.find(b">", at)
    if body[:1] != b"<" or at < 0 or body.find(b"xmlns", end) >= 0:
        return None
    tag = body[at:end]
    scope = _SCOPES.get(tag)
    if scope is None:
        declared = _few(root.nsmap)
        if len(tag) > _LONGEST_TAG or any(">" in uri for uri in declared.values()):
            return None
        scope = _SCOPES[tag] = _Scope(declared)
        if len(_SCOPES) > _MOST_SCOPES:
            _SCOPES.popitem(last=False)
    return scope


class TypeNames:
    """Resolves the prefixes of xsi:type, at the root where no other element declares any."""

    __slots__ = ("_body", "_looked", "_root", "_scope", "fits")

    def __init__(self, root: etree._Element, body: bytes) -> None:
        self._root = root
        self._body = body
        self._scope: _Scope | None = None
        self._looked = False
        #: The value of an element's only attribute -> the type it was found to name.
        self.fits: Mapping[Any, frozenset[str]] = _NO_FITS

    @property
    def large(self) -> bool:
        """Whether reading the document's values takes long enough to be done in a thread."""
        return len(self._body) >= ASIDE

    def nil(self, element: etree._Element, expected: frozenset[str]) -> bool:
        """Whether the element is nil. Raises Misfit for another type than expected, or a nil that holds something."""
        values = element.values()
        if not values:
            return False
        if not self._looked:
            self._looked = True
            self._scope = _scope_of(self._root, self._body)
            self.fits = _NO_FITS if self._scope is None else self._scope.fits
        if len(values) == 1 and self.fits.get(values[0]) is expected:
            return False
        return self._looked_at(element, expected)

    def _looked_at(self, element: etree._Element, expected: frozenset[str]) -> bool:
        nil = False
        for name, given in element.items():
            value = str(given)
            if name == XSI_TYPE:
                if self._resolved(element, value) not in expected:
                    raise Misfit(f"has the type {value[:80]!r}, which is not the member's")
                if self._scope is not None and len(self._scope.fits) < _MOST_FITS:
                    self._scope.fits[value] = expected
            elif name == XSI_NIL:
                nil = _flag(value)
        if nil and (len(element) or (element.text or "").strip(XML_SPACE)):
            raise Misfit("is nil and holds a value")
        return nil

    def _resolved(self, element: etree._Element, value: str) -> str:
        prefix, colon, local = value.strip(XML_SPACE).rpartition(":")
        prefixes = _few(element.nsmap) if self._scope is None else self._scope.prefixes
        uri = prefixes.get(prefix if colon else None)
        if uri is None:
            return "" if colon else local
        return f"{{{uri}}}{local}"


def _few(prefixes: dict[str | None, str]) -> dict[str | None, str]:
    """Refuses documents that declare so many prefixes that looking one up for each element would cost seconds."""
    if len(prefixes) > MOST_PREFIXES:
        raise Misfit(f"has more than {MOST_PREFIXES} namespace prefixes in scope")
    return prefixes


def _flag(value: str) -> bool:
    try:
        return read_boolean(value.strip(XML_SPACE))
    except ValueError as error:
        raise Misfit(f"has an xsi:nil that cannot be read: {error}") from None


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
        if types.nil(element, expected):
            return ABSENT
        return carrier(**read_members(element, table, types))

    return read


def _array_reader(type: Array, version: int, expected: frozenset[str]) -> Reader:
    tag = f"{{{namespace(type.family, version)}}}{type.item_name}"
    read_item = reader(type.item, version)
    nothing = _nothing(type.item)

    def read(element: etree._Element, types: TypeNames) -> Any:
        if types.nil(element, expected):
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


def _nothing(item: Type) -> Callable[[], Any]:
    """What a nil or empty item of an array counts as, so that the array keeps its length."""

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
        if types.nil(element, expected):
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
