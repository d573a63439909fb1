"""What an element's own attributes say of its value: nil or not, and of which type (xsi:nil, xsi:type)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lxml import etree

from heliograph.edge.soap.names import XSI_NIL, XSI_TYPE
from heliograph.edge.soap.values import XML_SPACE, read_boolean
from heliograph.edge.xml import ASIDE

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
    if body[:1] != b"<" or at < 0 or body.rfind(b"xmlns") >= end:
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
