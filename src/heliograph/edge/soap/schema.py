"""The XML Schemas of one agent in one version, rendered from the declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lxml import etree

from heliograph.edge.contract.common import REPLY_HEADERS
from heliograph.edge.contract.model import (
    Array,
    Complex,
    Dictionary,
    Enumeration,
    Family,
    Member,
    Scalar,
    Type,
    children,
)
from heliograph.edge.contract.versions import AGENTS
from heliograph.edge.soap.names import SERIALIZATION, XSD, namespace, request_headers
from heliograph.edge.soap.serialization import serialization_schema

#: The prefixes that rendered documents use for each family.
PREFIXES = {
    Family.XSD: "xs",
    Family.CONTRACT: "tns",
    Family.ARRAYS: "arr",
    Family.SERIALIZATION: "ser",
    Family.CRYPTOGRAPHY: "dsa",
}

Locate = Callable[[int], str]  # the address of the schema with that number


class Schemas:
    """All schemas of an agent in a version: the contract's own first, then those it leans on."""

    def __init__(self, version: int, agent: str) -> None:
        self._version = version
        self._agent = AGENTS[agent]
        self._operations = self._agent.operations_in(version)
        self._types = self._met_types()
        used = {type.family for type in self._types}
        optional = [family for family in (Family.ARRAYS, Family.CRYPTOGRAPHY) if family in used]
        self.families = [Family.CONTRACT, Family.SERIALIZATION, *optional]

    def namespaces(self) -> list[str]:
        """The target namespaces, in the order of the schemas' numbers."""
        return [namespace(family, self._version) for family in self.families]

    def render(self, number: int, locate: Locate | None = None) -> etree._Element:
        """One schema; with `locate` its imports say where the others are."""
        family = self.families[number]
        schema = self._empty(family)
        for other, uri in enumerate(self.namespaces()):
            if other != number and self._leans_on(family, self.families[other]):
                where = {"schemaLocation": locate(other)} if locate else {}
                _add(schema, "import", namespace=uri, **where)
        if family is Family.SERIALIZATION:
            serialization_schema(schema)
            return schema
        if family is Family.CONTRACT:
            for member in self._header_members():
                self._element(schema, member, top=True)
            for operation in self._operations:
                self._wrapper(schema, operation.name, operation.request_in(self._version))
            for name, reply in {each.reply_wire: each.reply for each in self._operations}.items():
                self._wrapper(schema, name, reply)
        for type in self._types:
            if type.family is family and not isinstance(type, Scalar):
                self._type(schema, type)
                _add(schema, "element", name=type.name, nillable="true", type=self._reference(type))
        return schema

    def _empty(self, family: Family) -> etree._Element:
        names = {PREFIXES[each]: namespace(each, self._version) for each in (Family.XSD, *self.families)}
        schema = etree.Element(f"{{{XSD}}}schema", nsmap=names)
        schema.set("elementFormDefault", "qualified")
        if family is Family.SERIALIZATION:
            schema.set("attributeFormDefault", "qualified")
        schema.set("targetNamespace", namespace(family, self._version))
        return schema

    def _leans_on(self, family: Family, other: Family) -> bool:
        """The contract's schema refers to the others; of those, only the annotations of the last one do."""
        return family is Family.CONTRACT or (family is Family.CRYPTOGRAPHY and other is Family.SERIALIZATION)

    def _header_members(self) -> list[Member]:
        members = {member.wire: member for member in (*request_headers(self._agent), *REPLY_HEADERS)}
        return list(members.values())

    def _met_types(self) -> list[Type]:
        """Every type that is reached, in the order it is first met."""
        met: dict[str, Type] = {}

        def meet(type: Type) -> None:
            if type.name in met:
                return
            met[type.name] = type
            if isinstance(type, Complex) and type.base is not None:
                meet(type.base)
            for inner in children(type, self._version):
                meet(inner)

        for member in self._every_member():
            if member.type is not None:
                meet(member.type)
        return list(met.values())

    def _every_member(self) -> Iterator[Member]:
        for operation in self._operations:
            yield from operation.request_in(self._version)
            yield from operation.reply
        yield from self._header_members()

    def _reference(self, type: Type) -> str:
        return f"{PREFIXES[type.family]}:{type.name}"

    def _wrapper(self, schema: etree._Element, name: str, members: Sequence[Member]) -> None:
        element = _add(schema, "element", name=name)
        self._sequence(_add(element, "complexType"), members)

    def _sequence(self, parent: etree._Element, members: Sequence[Member], owner: Complex | None = None) -> None:
        sequence = _add(parent, "sequence")
        for member in members:
            self._element(sequence, member, owner=owner)

    def _element(
        self, parent: etree._Element, member: Member, *, owner: Complex | None = None, top: bool = False
    ) -> None:
        type = member.type or owner
        if type is None:
            raise TypeError(f"{member.wire} has no type and no owner")
        element = _add(parent, "element")
        if not (top or member.required):
            element.set("minOccurs", "0")
        element.set("name", member.wire)
        if type.nullable:
            element.set("nillable", "true")
        element.set("type", self._reference(type))

    def _type(self, schema: etree._Element, type: Type) -> None:
        if isinstance(type, Enumeration):
            self._enumeration(schema, type)
        elif isinstance(type, Array):
            self._array(schema, type)
        elif isinstance(type, Dictionary):
            self._dictionary(schema, type)
        elif isinstance(type, Complex):
            self._complex(schema, type)

    def _complex(self, schema: etree._Element, type: Complex) -> None:
        declared = _add(schema, "complexType", name=type.name)
        if type.value_type:
            _annotate(declared, "IsValueType", "true")
        members = type.own_members(self._version)
        if type.base is None:
            self._sequence(declared, members, type)
            return
        content = _add(declared, "complexContent", mixed="false")
        self._sequence(_add(content, "extension", base=self._reference(type.base)), members, type)

    def _array(self, schema: etree._Element, type: Array) -> None:
        sequence = _add(_add(schema, "complexType", name=type.name), "sequence")
        item = _add(sequence, "element", minOccurs="0", maxOccurs="unbounded", name=type.item_name)
        if type.item.nullable:
            item.set("nillable", "true")
        item.set("type", self._reference(type.item))

    def _dictionary(self, schema: etree._Element, type: Dictionary) -> None:
        declared = _add(schema, "complexType", name=type.name)
        _annotate(declared, "IsDictionary", "true")
        sequence = _add(declared, "sequence")
        pair = _add(sequence, "element", minOccurs="0", maxOccurs="unbounded", name=type.pair)
        members = (Member("Key", type.key, required=True), Member("Value", type.value, required=True))
        self._sequence(_add(pair, "complexType"), members)

    def _enumeration(self, schema: etree._Element, type: Enumeration) -> None:
        declared = _add(schema, "simpleType", name=type.name)
        if type.stored_as and self._version >= type.stored_as_since:
            _annotate(declared, "ActualType", "", Name=type.stored_as, Namespace=XSD)
        inner = _add(_add(declared, "list"), "simpleType") if type.flags else declared
        restriction = _add(inner, "restriction", base="xs:string")
        for value in type.values_in(self._version):
            element = _add(restriction, "enumeration", value=value.name)
            if value.number is not None:
                _annotate(element, "EnumerationValue", str(value.number))


def _add(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{XSD}}}{tag}")
    for attribute, value in attributes.items():
        element.set(attribute, value)
    return element


def _annotate(parent: etree._Element, hint_name: str, text: str, /, **attributes: str) -> None:
    """A hint for .NET's proxy generators, in their own namespace."""
    hint = etree.SubElement(_add(_add(parent, "annotation"), "appinfo"), f"{{{SERIALIZATION}}}{hint_name}")
    hint.text = text or None
    for attribute, value in attributes.items():
        hint.set(attribute, value)
