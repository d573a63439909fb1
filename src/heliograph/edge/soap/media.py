"""What the request's headers say of it: which SOAP, which charset, which action."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from heliograph.core.errors import ActionMismatch, UnsupportedMedia
from heliograph.edge.soap.bindings import Binding
from heliograph.edge.soap.names import Soap

#: Each is read for both versions of SOAP (contract section 8); the version given is what a Fault is answered in
#: when the envelope cannot be read.
_READ = {"text/xml": Soap.V11, "application/xml": Soap.V11, "application/soap+xml": Soap.V12}


class Media(NamedTuple):
    """A Content-Type taken apart."""

    soap: Soap
    charset: str
    action: str


@lru_cache(maxsize=256)
def read_media(content_type: str) -> Media:
    """Raises UnsupportedMedia for anything but XML and SOAP."""
    kind, _, rest = content_type.partition(";")
    soap = _READ.get(kind.strip().lower())
    if soap is None:
        raise UnsupportedMedia("Send text/xml or application/soap+xml.")
    parameters = _parameters(rest)
    return Media(soap, parameters.get("charset", ""), parameters.get("action", ""))


def _parameters(text: str) -> dict[str, str]:
    """Parameters by name in lower case; a value may be quoted and then hold semicolons."""
    found: dict[str, str] = {}
    while text:
        name, _, rest = text.lstrip("; \t").partition("=")
        rest = rest.lstrip()
        if rest.startswith('"'):
            value, _, text = rest[1:].partition('"')
        else:
            value, _, text = rest.partition(";")
        if name:
            found[name.strip().lower()] = value.strip()
    return found


def likely_soap(content_type: str) -> Soap:
    """The version to refuse in, whatever the content type is."""
    return Soap.V12 if "application/soap+xml" in content_type.lower() else Soap.V11


def check_action(binding: Binding, given: str) -> None:
    """An action that is given must name the body's operation: in full, or by its bare name. Raises ActionMismatch."""
    named = given.strip().strip('"').strip()
    if named and named != binding.action and named != binding.operation.name:
        raise ActionMismatch(f"The action names another operation than the body, which calls {binding.operation.name}.")
