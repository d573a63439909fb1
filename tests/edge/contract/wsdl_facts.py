"""A WSDL taken apart into plain facts, so that two can be compared whatever their prefixes and order of types."""

from __future__ import annotations

from typing import Any

from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
ACTION = "{http://www.w3.org/2006/05/addressing/wsdl}Action"

Facts = dict[str, Any]


def wsdl_facts(root: etree._Element) -> Facts:
    """Everything a client is generated from; addresses and documentation are left out."""
    return {
        "name": root.get("name"),
        "namespace": root.get("targetNamespace"),
        "messages": {message.get("name"): _parts(message) for message in root.iterfind(f"{WSDL}message")},
        "port types": {port.get("name"): _port_type(port) for port in root.iterfind(f"{WSDL}portType")},
        "bindings": {binding.get("name"): _binding(binding) for binding in root.iterfind(f"{WSDL}binding")},
        "services": {service.get("name"): _ports(service) for service in root.iterfind(f"{WSDL}service")},
    }


def schema_facts(schemas: list[etree._Element]) -> Facts:
    """Every global element, type and attribute by its qualified name."""
    facts: Facts = {}
    for schema in schemas:
        namespace = schema.get("targetNamespace")
        facts[f"form of {namespace}"] = (schema.get("elementFormDefault"), schema.get("attributeFormDefault"))
        for child in schema:
            if child.tag != f"{XS}import":
                facts[f"{_local(child)} {{{namespace}}}{child.get('name')}"] = _shape(child)
    return facts


def imported(schema: etree._Element) -> set[str]:
    """The namespaces a schema imports."""
    return {str(each.get("namespace")) for each in schema.iterfind(f"{XS}import")}


def used(schema: etree._Element) -> set[str]:
    """The foreign namespaces a schema refers to by the names of types."""
    own = {schema.get("targetNamespace"), XS.strip("{}")}
    names = [_qualified(each, each.get(key)) for each in schema.iter() for key in ("type", "base") if each.get(key)]
    return {name[1:].partition("}")[0] for name in names} - {str(each) for each in own}


def _shape(element: etree._Element) -> Any:
    """An element of a schema with its qualified references and, in order, all that is inside."""
    attributes = {
        key: _qualified(element, value) if key in ("type", "base") else value for key, value in element.items()
    }
    text = (element.text or "").strip()
    return (element.tag, attributes, text, [_shape(child) for child in element])


def _qualified(element: etree._Element, name: str | None) -> str:
    prefix, _, local = (name or "").rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{local}"


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _parts(message: etree._Element) -> list[tuple[str | None, str]]:
    return [(part.get("name"), _qualified(part, part.get("element"))) for part in message.iterfind(f"{WSDL}part")]


def _port_type(port: etree._Element) -> list[Any]:
    return [
        (
            operation.get("name"),
            [
                (_local(end), end.get("name"), _qualified(end, end.get("message")), end.get(ACTION))
                for end in operation
                if _local(end) != "documentation"
            ],
        )
        for operation in port.iterfind(f"{WSDL}operation")
    ]


def _binding(binding: etree._Element) -> Any:
    return (
        _qualified(binding, binding.get("type")),
        [dict(each.items()) for each in binding.iterfind(f"{SOAP}binding")],
        [
            (
                operation.get("name"),
                [dict(each.items()) for each in operation.iterfind(f"{SOAP}operation")],
                [(_local(end), end.get("name"), _soap_parts(end)) for end in operation if end.tag.startswith(WSDL)],
            )
            for operation in binding.iterfind(f"{WSDL}operation")
        ],
    )


def _soap_parts(end: etree._Element) -> list[Any]:
    return [(_local(part), _qualified(part, part.get("message")), part.get("part"), part.get("use")) for part in end]


def _ports(service: etree._Element) -> list[tuple[str | None, str]]:
    return [(port.get("name"), _qualified(port, port.get("binding"))) for port in service.iterfind(f"{WSDL}port")]
