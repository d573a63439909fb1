"""The one way XML from outside becomes a tree: capped, UTF-8 or UTF-16, without DOCTYPE, entities or instructions.

Every door reads through here. Threats and figures: no XXE, no entity bomb, no encoding
trick, no document that costs more than its bytes. libxml2 adds limits of its own
(256 levels, 50,000-byte names), which show as Malformed.
"""

from __future__ import annotations

import asyncio
import codecs
import re

from lxml import etree

from heliograph.core.errors import Malformed, UnsafeXml

MAX_DEPTH = 64
MAX_ELEMENTS = 200_000
MAX_ATTRIBUTES = 256  # on one element
MAX_ATTRIBUTE_BYTES = 64 * 1024
_ASIDE = 64 * 1024  # bytes from which a document is parsed in a thread, so that others do not wait

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF32_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF8_NAMES = frozenset({"utf-8", "utf8"})
_UTF16_NAMES = frozenset({"utf-16", "utf16", "utf-16le", "utf-16be"})

_DECLARATION = re.compile(rb"<\?xml\s([^>]{0,200}?)\?>")
_DECLARED_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._:\-]{1,40})["']""")
_PARSER_PLACE = re.compile(r", (line \d+, column \d+|use XML_PARSE_HUGE option).*", re.DOTALL)
_PROLOG_FILLER = re.compile(rb"\s+|<!--.*?-->", re.DOTALL)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        collect_ids=False,
        encoding="utf-8",
    )


_PARSER = _parser()  # for the event loop's thread alone


def read_xml(body: bytes, charset: str = "") -> etree._Element:
    """The root element. `charset` is the Content-Type's parameter, which must agree with the bytes.

    Raises Malformed, or UnsafeXml for a DOCTYPE, a processing instruction, another encoding, or too much of anything.
    """
    return _read(body, charset, _PARSER)


async def read_any_xml(body: bytes, charset: str = "") -> etree._Element:
    """As read_xml; a large document is parsed in a thread so that the event loop goes on."""
    if len(body) < _ASIDE:
        return _read(body, charset, _PARSER)
    return await asyncio.to_thread(lambda: _read(body, charset, _parser()))


def _read(body: bytes, charset: str, parser: etree.XMLParser) -> etree._Element:
    text = _as_utf8(body, charset.strip().strip("\"'").lower())
    tags = text.count(b"<") - text.count(b"</")
    if tags > MAX_ELEMENTS:
        raise UnsafeXml(f"The XML has more than {MAX_ELEMENTS} elements.")
    rest = _after_prolog(text)
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise Malformed(f"The XML cannot be read: {_reason(error)}.") from None
    if root is None:
        raise Malformed("The XML has no root element.")
    if root.getroottree().docinfo.internalDTD is not None:  # the scan above sees it first; this is the second lock
        raise UnsafeXml("A DOCTYPE is not allowed.")
    if text.find(b"<?", rest) >= 0:
        _refuse_instructions(root)
    if tags > MAX_DEPTH or text.count(b"=") > MAX_ATTRIBUTES or len(text) > MAX_ATTRIBUTE_BYTES:
        _refuse_excess(root)
    return root


def _as_utf8(body: bytes, charset: str) -> bytes:
    """The bytes in UTF-8; refuses what is neither UTF-8 nor UTF-16 with its mark, and what contradicts itself."""
    if body.startswith(_UTF32_BOMS):
        raise UnsafeXml("The XML is in UTF-32; send UTF-8.")
    found = next(((bom, name) for bom, name in _BOMS if body.startswith(bom)), (b"", "utf-8"))
    bom, encoding = found
    allowed = _UTF8_NAMES if encoding == "utf-8" else _UTF16_NAMES
    if charset and charset not in allowed:
        raise UnsafeXml(f"The charset {charset[:40]!r} of the Content-Type is not what the bytes are; send UTF-8.")
    text = body[len(bom) :]
    if encoding != "utf-8":
        try:
            text = text.decode(encoding).encode("utf-8")
        except UnicodeError:
            raise Malformed("The XML is not valid UTF-16.") from None
    declared = _declared(text)
    if declared and declared not in allowed:
        raise UnsafeXml(f"The XML declares the encoding {declared!r}, which the bytes are not; send UTF-8.")
    return text


def _declared(text: bytes) -> str:
    declaration = _DECLARATION.match(text)
    encoding = _DECLARED_ENCODING.search(declaration[1]) if declaration else None
    return encoding[1].decode("ascii").lower() if encoding else ""


def _after_prolog(text: bytes) -> int:
    """Where the root element starts; raises UnsafeXml for a DOCTYPE or an instruction before it."""
    declaration = _DECLARATION.match(text)
    at = declaration.end() if declaration else 0
    while filler := _PROLOG_FILLER.match(text, at):
        at = filler.end()
    if text[at : at + 9].upper() == b"<!DOCTYPE":
        raise UnsafeXml("A DOCTYPE is not allowed.")
    if text.startswith(b"<?", at):
        raise UnsafeXml("A processing instruction is not allowed.")
    return at


def _refuse_instructions(root: etree._Element) -> None:
    """Instructions inside or after the root; `<?` in a comment or CDATA is only text."""
    inside = next(root.iter(etree.ProcessingInstruction), None)
    after = next(root.itersiblings(), None)
    if inside is not None or after is not None:
        raise UnsafeXml("A processing instruction is not allowed.")


def _refuse_excess(root: etree._Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        if depth > MAX_DEPTH:
            raise UnsafeXml(f"The XML is nested deeper than {MAX_DEPTH} levels.")
        if len(element.attrib) > MAX_ATTRIBUTES:
            raise UnsafeXml(f"An element has more than {MAX_ATTRIBUTES} attributes.")
        if any(len(value) > MAX_ATTRIBUTE_BYTES for value in element.attrib.values()):
            raise UnsafeXml(f"An attribute is longer than {MAX_ATTRIBUTE_BYTES} bytes.")


def _reason(error: etree.XMLSyntaxError) -> str:
    """The parser's own words in one short line, with the place where it stopped."""
    line, column = error.position
    words = " ".join(_PARSER_PLACE.sub("", error.msg or "").split()) or "it is not well-formed"
    return f"{words[:120]} (line {line}, column {column})"
