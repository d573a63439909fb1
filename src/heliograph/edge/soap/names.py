"""The names of the SOAP wire: namespaces, actions and header names (contract sections 1.1 and 1.2)."""

from __future__ import annotations

from enum import Enum

from heliograph.edge.contract.common import APPLICATION_TOKEN, REQUEST_HEADERS
from heliograph.edge.contract.model import Agent, Family, Member, Operation, Type

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
CRYPTOGRAPHY = "http://schemas.datacontract.org/2004/07/System.Security.Cryptography"
ADDRESSING = ("http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing")

XSI_NIL = f"{{{XSI}}}nil"
XSI_TYPE = f"{{{XSI}}}type"

_FIXED = {
    Family.XSD: XSD,
    Family.ARRAYS: ARRAYS,
    Family.SERIALIZATION: SERIALIZATION,
    Family.CRYPTOGRAPHY: CRYPTOGRAPHY,
}


class Soap(Enum):
    """The two versions of the envelope."""

    V11 = SOAP_11
    V12 = SOAP_12

    @property
    def content_type(self) -> str:
        """What a reply in this envelope is labelled."""
        return "text/xml; charset=utf-8" if self is Soap.V11 else "application/soap+xml; charset=utf-8"


def contract_namespace(version: int) -> str:
    """Every service version has a namespace of its own; only the digits change."""
    return f"http://www.superoffice.net/ws/crm/NetServer/Services{version}"


def namespace(family: Family, version: int) -> str:
    """The namespace of a family of types."""
    return _FIXED.get(family) or contract_namespace(version)


def type_name(type: Type, version: int) -> tuple[str, str]:
    """Namespace and name of a type, as xsi:type and the schema give them."""
    return namespace(type.family, version), type.name


def action(version: int, operation: Operation) -> str:
    """The SOAPAction that names an operation."""
    return f"{contract_namespace(version)}/{operation.agent}/{operation.name}"


def request_headers(agent: Agent) -> tuple[Member, ...]:
    """The header blocks that requests to this agent declare."""
    return (APPLICATION_TOKEN,) if agent.signs_in else REQUEST_HEADERS
