"""The WSDL of one agent in one version, rendered from the declaration, with the address of the host that was asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from lxml import etree

from heliograph.core.errors import UnknownRoute
from heliograph.edge.contract.common import REPLY_HEADERS
from heliograph.edge.contract.model import Agent, Member, Operation
from heliograph.edge.contract.versions import AGENTS
from heliograph.edge.soap.names import XSD, action, contract_namespace, namespace, request_headers
from heliograph.edge.soap.schema import PREFIXES, Schemas
from heliograph.edge.soap.values import escape

WSDL = "http://schemas.xmlsoap.org/wsdl/"
WSDL_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
WSDL_ADDRESSING = "http://www.w3.org/2006/05/addressing/wsdl"
HTTP_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"

_HERE = "urn:address-of-the-service"  # stands in the cached document for the address that is asked


def document(version: int, agent: str, query: str, address: str) -> bytes:
    """What `?wsdl`, `?singleWsdl` or `?xsd=xsd0` answers; `address` is the service's own URL without a query.

    Raises UnknownRoute for any other query.
    """
    asked = query.lower()
    known = {"wsdl", "singlewsdl", *(f"xsd=xsd{number}" for number in range(len(Schemas(version, agent).families)))}
    if asked not in known:
        raise UnknownRoute("Ask for ?wsdl, ?singleWsdl or ?xsd=xsd0; calls are made with POST.", allow="GET, POST")
    place = escape(address).replace('"', "&quot;").encode()
    return _rendered(version, agent, asked).replace(_HERE.encode(), place)


@cache
def _rendered(version: int, agent: str, asked: str) -> bytes:
    """At most six documents for each version and agent."""
    schemas = Schemas(version, agent)
    if asked.startswith("xsd="):
        tree = schemas.render(int(asked.removeprefix("xsd=xsd")), _locate)
    else:
        tree = _Wsdl(version, AGENTS[agent], schemas).render(single=asked == "singlewsdl")
    return etree.tostring(tree, xml_declaration=True, encoding="utf-8")


def _locate(number: int) -> str:
    return f"{_HERE}?xsd=xsd{number}"


class _Wsdl:
    def __init__(self, version: int, agent: Agent, schemas: Schemas) -> None:
        self._version = version
        self._agent = agent
        self._schemas = schemas
        self._namespace = contract_namespace(version)
        self._operations = agent.operations_in(version)
        self._binding = f"BasicHttpBinding_{agent.name}"

    def render(self, *, single: bool) -> etree._Element:
        names = {PREFIXES[family]: namespace(family, self._version) for family in self._schemas.families}
        prefixes = {"wsdl": WSDL, "soap": WSDL_SOAP, "wsaw": WSDL_ADDRESSING, "xs": XSD, **names}
        root = etree.Element(f"{{{WSDL}}}definitions", nsmap=prefixes)
        root.set("name", f"Wcf{self._agent.name}Service")
        root.set("targetNamespace", self._namespace)
        self._types(_add(root, "types"), single)
        self._messages(root)
        self._port_type(root)
        self._bindings(root)
        self._service(root)
        return root

    def _types(self, types: etree._Element, single: bool) -> None:
        uris = self._schemas.namespaces()
        if single:
            types.extend([self._schemas.render(number) for number in range(len(uris))])
            return
        schema = etree.SubElement(types, f"{{{XSD}}}schema", targetNamespace=f"{self._namespace}/Imports")
        for number, uri in enumerate(uris):
            etree.SubElement(schema, f"{{{XSD}}}import", schemaLocation=_locate(number), namespace=uri)

    def _messages(self, root: etree._Element) -> None:
        told: set[str] = set()
        for operation in self._operations:
            self._message(root, f"{operation.name}Request", operation.name, request_headers(self._agent))
            if operation.reply_wire not in told:
                told.add(operation.reply_wire)
                self._message(root, operation.reply_wire, operation.reply_wire, REPLY_HEADERS)

    def _message(self, root: etree._Element, name: str, element: str, headers: Sequence[Member]) -> None:
        _add(_add(root, "message", name=name), "part", name="parameters", element=f"tns:{element}")
        blocks = _add(root, "message", name=f"{name}_Headers")
        for member in headers:
            _add(blocks, "part", name=member.wire, element=f"tns:{member.wire}")

    def _port_type(self, root: etree._Element) -> None:
        port_type = _add(root, "portType", name=self._agent.name)
        for operation in self._operations:
            declared = _add(port_type, "operation", name=operation.name)
            uri = action(self._version, operation)
            request, reply = f"{operation.name}Request", operation.reply_wire
            for way, message, its_action in (("input", request, uri), ("output", reply, f"{uri}Response")):
                end = _add(declared, way, name=message, message=f"tns:{message}")
                end.set(f"{{{WSDL_ADDRESSING}}}Action", its_action)

    def _bindings(self, root: etree._Element) -> None:
        binding = _add(root, "binding", name=self._binding, type=f"tns:{self._agent.name}")
        _add_soap(binding, "binding", transport=HTTP_TRANSPORT)
        for operation in self._operations:
            self._bind(_add(binding, "operation", name=operation.name), operation)

    def _bind(self, bound: etree._Element, operation: Operation) -> None:
        _add_soap(bound, "operation", soapAction=action(self._version, operation), style="document")
        request = (f"{operation.name}Request", request_headers(self._agent))
        reply = (operation.reply_wire, REPLY_HEADERS)
        for way, (message, headers) in (("input", request), ("output", reply)):
            end = _add(bound, way, name=message)
            for member in headers:
                _add_soap(end, "header", message=f"tns:{message}_Headers", part=member.wire, use="literal")
            _add_soap(end, "body", use="literal")

    def _service(self, root: etree._Element) -> None:
        service = _add(root, "service", name=f"Wcf{self._agent.name}Service")
        port = _add(service, "port", name=self._binding, binding=f"tns:{self._binding}")
        _add_soap(port, "address", location=_HERE)


def _add(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{WSDL}}}{tag}", attrib=attributes)


def _add_soap(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{WSDL_SOAP}}}{tag}", attrib=attributes)
