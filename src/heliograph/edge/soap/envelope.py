"""The envelope: which SOAP it is, its header blocks, and the one element in its body.

SOAP 1.1 and 1.2 are both read. Credentials stand in Header, or, as the contract's own pages
print them, beside the Body; never in both (contract section 8). Everything is reached by
its path from the root, never searched for, so a wrapped copy elsewhere is not seen.
"""

from __future__ import annotations

import msgspec
from lxml import etree

from heliograph.core.errors import Malformed, MisplacedHeader
from heliograph.edge.contract.common import REQUEST_HEADERS
from heliograph.edge.contract.model import Family
from heliograph.edge.soap.decode import ABSENT, ALL, Table, member_table
from heliograph.edge.soap.names import ADDRESSING, SOAP_11, SOAP_12, Soap
from heliograph.edge.soap.typenames import Misfit, TypeNames
from heliograph.edge.soap.values import XML_SPACE
from heliograph.intake.carriers import SoCredentials, SoTimeZone

_ENVELOPES = {f"{{{soap.value}}}Envelope": soap for soap in Soap}
_PARTS = {soap: (f"{{{soap.value}}}Header", f"{{{soap.value}}}Body") for soap in Soap}
_NEXT = {f"{SOAP_11[:-10]}/actor/next", f"{SOAP_12}/role/next", f"{SOAP_12}/role/ultimateReceiver"}
_ENDPOINT_TAGS = {f"{{{uri}}}{name}": uri for uri in ADDRESSING for name in ("ReplyTo", "FaultTo")}
_UNDERSTOOD = frozenset({f"{{{uri}}}{name}" for uri in ADDRESSING for name in ("Action", "To", "From")})
_MESSAGE_ID = frozenset(f"{{{uri}}}MessageID" for uri in ADDRESSING)
_ANONYMOUS = frozenset(
    {
        f"{ADDRESSING[0]}/anonymous",
        f"{ADDRESSING[0]}/none",
        f"{ADDRESSING[1]}/role/anonymous",
    }
)


class Envelope(msgspec.Struct):
    """An envelope taken apart; its arguments are still elements."""

    soap: Soap
    payload: etree._Element  # the first and only child of the body: it names the operation
    types: TypeNames
    credentials: SoCredentials | None = None  # these three by the attributes of REQUEST_HEADERS
    application_token: str = ""
    time_zone: SoTimeZone | None = None
    message_id: str = ""  # WS-Addressing

    @property
    def ticket(self) -> str:
        """The ticket of the credentials, or empty."""
        return self.credentials.ticket.strip(XML_SPACE) if self.credentials else ""


def envelope_version(root: etree._Element) -> Soap:
    """Which SOAP the root element belongs to; raises Malformed when it is none."""
    soap = _ENVELOPES.get(root.tag)
    if soap is None:
        raise Malformed("The root element is not a SOAP 1.1 or 1.2 Envelope.")
    return soap


def header_table(version: int) -> Table:
    """The header blocks that are read; they are the same for every agent."""
    return member_table(REQUEST_HEADERS, Family.CONTRACT, version)


def open_envelope(root: etree._Element, soap: Soap, table: Table, types: TypeNames) -> Envelope:
    """Take the envelope apart. Raises Malformed for a wrong structure, MisplacedHeader for its blocks."""
    header_tag, body_tag = _PARTS[soap]
    header = body = None
    message_id = ""
    blocks: dict[str, etree._Element] = {}
    for child in root[ALL]:
        tag = child.tag
        if body is not None:
            raise Malformed("Nothing may follow the Body of the Envelope.")
        if tag == body_tag:
            body = child
        elif tag == header_tag:
            if header is not None:
                raise Malformed("The Envelope has two Headers.")
            header = child
            message_id = _read_header(child, soap.value, table, blocks)
        elif tag in table:
            _keep(tag, child, blocks)
        else:
            raise Malformed(f"{_short(child)} has no place in this Envelope.")
    if body is None:
        raise Malformed("The Envelope has no Body.")
    envelope = _opened(soap, body, blocks, table, types)
    envelope.message_id = message_id
    return envelope


def _opened(
    soap: Soap, body: etree._Element, blocks: dict[str, etree._Element], table: Table, types: TypeNames
) -> Envelope:
    if len(body) != 1:
        found = "no element" if len(body) == 0 else "more than one element"
        raise Malformed(f"The Body holds {found}; it must hold exactly the operation's.")
    envelope = Envelope(soap, body[0], types)
    for tag, block in blocks.items():
        attr, wire, read = table[tag]
        try:
            value = read(block, types)
        except Misfit as misfit:
            told = misfit.within(wire)
            raise MisplacedHeader(f"The header {told.path}: {told.words}.") from None
        if value is not ABSENT:
            setattr(envelope, attr, value)
    return envelope


def _read_header(header: etree._Element, uri: str, table: Table, blocks: dict[str, etree._Element]) -> str:
    """Sort the blocks; the WS-Addressing MessageID, or empty."""
    must_tag = f"{{{uri}}}mustUnderstand"
    message_id = ""
    for block in header[ALL]:
        tag = block.tag
        if tag in table:
            _keep(tag, block, blocks)
        elif tag in _ENDPOINT_TAGS:
            _check_endpoint(block, _ENDPOINT_TAGS[tag])
        elif tag in _MESSAGE_ID:
            if message_id:
                raise MisplacedHeader("The header MessageID stands twice.")
            message_id = (block.text or "").strip(XML_SPACE)
        elif tag not in _UNDERSTOOD:
            must = block.get(must_tag)
            if must is not None and _must_understand(block, must, uri):
                raise MisplacedHeader(
                    f"The header {_short(block)} must be understood and is not.", must_understand=True
                )
    return message_id


def _keep(tag: str, block: etree._Element, blocks: dict[str, etree._Element]) -> None:
    if tag in blocks:
        raise MisplacedHeader(f"The header {_short(block)} stands twice.")
    blocks[tag] = block


def _must_understand(block: etree._Element, must: str, uri: str) -> bool:
    """Only blocks for us: without a role, or for whoever comes next."""
    if must.strip(XML_SPACE) in ("0", "false"):
        return False
    if must.strip(XML_SPACE) not in ("1", "true"):
        raise Malformed(f"mustUnderstand is {must[:20]!r}, which is neither true nor false.")
    role = (block.get(f"{{{uri}}}actor") or block.get(f"{{{uri}}}role") or "").strip(XML_SPACE)
    return not role or role in _NEXT


def _check_endpoint(block: etree._Element, uri: str) -> None:
    """Answers go back the way the request came; an address to send them to elsewhere is refused."""
    address = block.find(f"{{{uri}}}Address")
    where = (address.text or "").strip(XML_SPACE) if address is not None else ""
    if where not in _ANONYMOUS:
        raise MisplacedHeader(f"The header {_short(block)} names an address; replies go to the caller alone.")


def _short(element: etree._Element) -> str:
    return etree.QName(element).localname[:80]
