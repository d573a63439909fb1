"""The schema of .NET's primitive types, which every WSDL of the contract carries (contract section 1.1)."""

from __future__ import annotations

from lxml import etree

from heliograph.edge.soap.names import XSD

_PRIMITIVES = [
    "anyType",
    "anyURI",
    "base64Binary",
    "boolean",
    "byte",
    "dateTime",
    "decimal",
    "double",
    "float",
    "int",
    "long",
    "QName",
    "short",
    "string",
    "unsignedByte",
    "unsignedInt",
    "unsignedLong",
    "unsignedShort",
]

#: Types of its own: name, base, then the facets in order.
_RESTRICTED: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("char", "xs:int", ()),
    (
        "duration",
        "xs:duration",
        (
            ("pattern", r"\-?P(\d*D)?(T(\d*H)?(\d*M)?(\d*(\.\d*)?S)?)?"),
            ("minInclusive", "-P10675199DT2H48M5.4775808S"),
            ("maxInclusive", "P10675199DT2H48M5.4775807S"),
        ),
    ),
    ("guid", "xs:string", (("pattern", "-".join(rf"[\da-fA-F]{{{n}}}" for n in (8, 4, 4, 4, 12))),)),
)
_ATTRIBUTES = (("FactoryType", "xs:QName"), ("Id", "xs:ID"), ("Ref", "xs:IDREF"))


def serialization_schema(schema: etree._Element) -> None:
    """Fill an empty schema of the Serialization namespace, whose prefix must be `ser`."""
    for name in _PRIMITIVES:
        _element(schema, name, f"xs:{name}")
    for name, base, facets in _RESTRICTED:
        _element(schema, name, f"ser:{name}")
        declared = etree.SubElement(schema, f"{{{XSD}}}simpleType", name=name)
        restriction = etree.SubElement(declared, f"{{{XSD}}}restriction", base=base)
        for facet, value in facets:
            etree.SubElement(restriction, f"{{{XSD}}}{facet}", value=value)
    for name, type in _ATTRIBUTES:
        etree.SubElement(schema, f"{{{XSD}}}attribute", name=name, type=type)


def _element(schema: etree._Element, name: str, type: str) -> None:
    etree.SubElement(schema, f"{{{XSD}}}element", name=name, nillable="true", type=type)
