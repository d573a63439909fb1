"""Envelopes for tests, put together from their parts; and what to look for in the replies."""

from __future__ import annotations

from lxml import etree
from tests.edge.soap.desk import TICKET

from heliograph.edge.soap.replies import SoapReply

S11 = "http://schemas.xmlsoap.org/soap/envelope/"
S12 = "http://www.w3.org/2003/05/soap-envelope"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"

CREDENTIALS = f"<n:Credentials><n:Ticket>{TICKET}</n:Ticket></n:Credentials>"


def contract(version: int = 86) -> str:
    return f"http://www.superoffice.net/ws/crm/NetServer/Services{version}"


def wrap(*parts: str, soap: str = S11, version: int = 86) -> str:
    """An Envelope with every prefix the tests use: s, n, i, a, x."""
    return (
        f'<s:Envelope xmlns:s="{soap}" xmlns:n="{contract(version)}" xmlns:i="{XSI}" xmlns:a="{ARRAYS}"'
        f' xmlns:x="http://www.w3.org/2001/XMLSchema">{"".join(parts)}</s:Envelope>'
    )


def header(*blocks: str) -> str:
    return f"<s:Header>{''.join(blocks)}</s:Header>"


def body(*operations: str) -> str:
    return f"<s:Body>{''.join(operations)}</s:Body>"


def call(operation: str, *members: str, soap: str = S11, version: int = 86) -> str:
    """A signed-in call of one operation."""
    return wrap(
        header(CREDENTIALS), body(f"<n:{operation}>{''.join(members)}</n:{operation}>"), soap=soap, version=version
    )


def push(*members: str, ids: str = "<a:int>101</a:int>") -> str:
    """A SendPushNotification whose Message holds these members."""
    return call(
        "SendPushNotification",
        f"<n:AssociateIds>{ids}</n:AssociateIds>",
        f"<n:Message>{''.join(members)}</n:Message>",
    )


class Told:
    """A reply, read by another parser than the one that is tested."""

    def __init__(self, reply: SoapReply) -> None:
        self.status = reply.status
        self.root = etree.fromstring(reply.body)

    def text(self, name: str) -> str | None:
        """The text of the first element of that name, wherever it stands; None when it is not there or nil."""
        found = next(iter(self.root.iter(f"{{*}}{name}")), None)
        if found is None or found.get(f"{{{XSI}}}nil") == "true":
            return None
        return found.text or ""

    def texts(self, name: str) -> list[str]:
        return [each.text or "" for each in self.root.iter(f"{{*}}{name}")]

    @property
    def fault(self) -> str | None:
        """The fault code without its prefix, or None when the reply is no fault."""
        if not list(self.root.iter("{*}Fault")):
            return None
        code = self.text("faultcode") or self.text("Value") or ""
        return code.rpartition(":")[2]

    @property
    def reason(self) -> str:
        return self.text("faultstring") or self.text("Text") or self.text("Message") or ""

    @property
    def wrapped(self) -> str | None:
        """The exception type of a wrapped error, without its namespace; None when the call succeeded."""
        if self.text("Succeeded") != "false":
            return None
        return (self.text("ExceptionType") or "").rpartition(".")[2]
