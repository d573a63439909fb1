"""The one way XML from outside becomes a tree: capped, UTF-8 or UTF-16, without DOCTYPE, entities or instructions.

Every door reads through here. Threats and figures: no XXE, no entity bomb, no encoding
trick, no document that costs more than its bytes. libxml2 adds limits of its own
(256 levels, 50,000-byte names), which show as Malformed.
"""

from __future__ import annotations

import asyncio
import codecs
import re
from functools import lru_cache

from lxml import etree

from heliograph.core.errors import Malformed, UnsafeXml

MAX_DEPTH = 64
MAX_ELEMENTS = 200_000
MAX_ATTRIBUTES = 256  # on one element
MAX_ATTRIBUTE_BYTES = 64 * 1024
ASIDE = 64 * 1024  # bytes from which a document is parsed in a thread, so that others do not wait

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF32_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF8_NAMES = frozenset({"utf-8", "utf8"})
_USUAL = frozenset({"", "utf-8", "UTF-8"})
_USUAL_DECLARATIONS = (b'<?xml version="1.0" encoding="utf-8"?>', b'<?xml version="1.0" encoding="UTF-8"?>')
_USUAL_DECLARED = len(_USUAL_DECLARATIONS[0])
_UTF16_NAMES = frozenset({"utf-16", "utf16", "utf-16le", "utf-16be"})

_DECLARATION = re.compile(rb"<\?xml\s([^>]{0,200}?)\?>")
_DECLARED_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._:\-]{1,40})["']""")
_PARSER_PLACE = re.compile(r", (line \d+, column \d+|use XML_PARSE_HUGE option).*", re.DOTALL)
_MOST_PROLOG_COMMENTS = 256
_SHORTEST_XMLNS = len(b'xmlns:a="" ')
#: Bytes in which more attributes than allowed have room: all names differ, and 54 at most have a single byte.
_SHORTEST_EXCESS = (MAX_ATTRIBUTES + 1) * len(b' aa=""') - 54
_LONGEST_DECLARATION = 256  # bytes in which an XML declaration ends

_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_TOO_MANY_ATTRIBUTES = etree.XPath(f"boolean(//*[count(@*) > {MAX_ATTRIBUTES}])")
_TOO_LONG_ATTRIBUTE = etree.XPath(f"boolean(//@*[string-length() > {MAX_ATTRIBUTE_BYTES}])")


def _parser(*, blanks: bool = True) -> etree.XMLParser:
    """Without `blanks`, white space between elements makes no nodes; white space that is a value stays."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        collect_ids=False,
        remove_blank_text=not blanks,
        encoding="utf-8",
    )


_Parsers = tuple[etree.XMLParser, etree.XMLParser]


def _parsers() -> _Parsers:
    """For documents with a `!` somewhere, and for those without: where a comment or CDATA may split a value,
    white space beside it cannot be told from white space between elements."""
    return _parser(), _parser(blanks=False)


_PARSERS = _parsers()  # for the event loop's thread alone


def read_xml(body: bytes, charset: str = "") -> etree._Element:
    """The root element. `charset` is the Content-Type's parameter, which must agree with the bytes.

    Raises Malformed, or UnsafeXml for a DOCTYPE, a processing instruction, another encoding, or too much of anything.
    """
    return _read(body, charset, _PARSERS)


async def read_any_xml(body: bytes, charset: str = "") -> etree._Element:
    """As read_xml; a large document is parsed in a thread so that the event loop goes on."""
    if len(body) < ASIDE:
        return _read(body, charset, _PARSERS)
    return await asyncio.to_thread(lambda: _read(body, charset, _parsers()))


def _read(body: bytes, charset: str, parsers: _Parsers) -> etree._Element:
    if charset in _USUAL and body.startswith(_USUAL_DECLARATIONS):
        text, start = body, _USUAL_DECLARED
    else:
        text, start = _as_utf8(body, charset.strip().strip("\"'").lower())
    tags = text.count(b"<")  # twice the elements at most, so never fewer than the levels
    if tags > MAX_ELEMENTS and tags - text.count(b"</") > MAX_ELEMENTS:
        raise UnsafeXml(f"The XML has more than {MAX_ELEMENTS} elements.")
    marked = text.find(b"!") >= 0  # without one there is no DOCTYPE and no comment; one byte is found fast
    rest = _after_prolog(text, start)
    try:
        root = etree.fromstring(text, parsers[not marked])
    except etree.XMLSyntaxError as error:
        raise Malformed(f"The XML cannot be read: {_reason(error)}.") from None
    if root is None:
        raise Malformed("The XML has no root element.")
    if marked and root.getroottree().docinfo.internalDTD is not None:  # the scan above sees it first: a second lock
        raise UnsafeXml("A DOCTYPE is not allowed.")
    if text.find(b"?", rest) >= 0:  # likewise
        _refuse_instructions(root)
    _refuse_excess(root, text, tags, marked=marked)
    return root


def _as_utf8(body: bytes, charset: str) -> tuple[bytes, int]:
    """The bytes in UTF-8, and where their XML declaration ends; refuses what is neither UTF-8 nor UTF-16 with its mark, and what contradicts itself."""
    bom, encoding = b"", "utf-8"
    if body[:1] != b"<":
        if body.startswith(_UTF32_BOMS):
            raise UnsafeXml("The XML is in UTF-32; send UTF-8.")
        bom, encoding = next(((mark, name) for mark, name in _BOMS if body.startswith(mark)), (bom, encoding))
    allowed = _UTF8_NAMES if encoding == "utf-8" else _UTF16_NAMES
    if charset and charset not in allowed:
        raise UnsafeXml(f"The charset {charset[:40]!r} of the Content-Type is not what the bytes are; send UTF-8.")
    text = body[len(bom) :] if bom else body
    if encoding != "utf-8":
        try:
            text = text.decode(encoding).encode("utf-8")
        except UnicodeError:
            raise Malformed("The XML is not valid UTF-16.") from None
    end, declared = _declaration(text[:_LONGEST_DECLARATION])
    if declared and declared not in allowed:
        raise UnsafeXml(f"The XML declares the encoding {declared!r}, which the bytes are not; send UTF-8.")
    return text, end


@lru_cache(maxsize=256)
def _declaration(head: bytes) -> tuple[int, str]:
    """Where the XML declaration ends, and the encoding it names. A client's documents all begin alike, hence the cache."""
    declaration = _DECLARATION.match(head)
    if declaration is None:
        return 0, ""
    encoding = _DECLARED_ENCODING.search(declaration[1])
    return declaration.end(), encoding[1].decode("ascii").lower() if encoding else ""


def _after_prolog(text: bytes, start: int) -> int:
    """Where the root element is, from the end of the XML declaration on; raises UnsafeXml for a DOCTYPE or an instruction before it."""
    at = _after_space(text, start)
    if text[at + 1 : at + 2] not in (b"!", b"?"):
        return at
    at = _after_comments(text, at)
    if text[at : at + 9].upper() == b"<!DOCTYPE":
        raise UnsafeXml("A DOCTYPE is not allowed.")
    if text.startswith(b"<?", at):
        raise UnsafeXml("A processing instruction is not allowed.")
    return at


def _after_comments(text: bytes, at: int) -> int:
    for _ in range(_MOST_PROLOG_COMMENTS):
        if not text.startswith(b"<!--", at):
            return at
        end = text.find(b"-->", at + 4)
        if end < 0:
            raise Malformed("The XML cannot be read: a comment does not end.")
        at = _after_space(text, end + 3)
    raise UnsafeXml(f"More than {_MOST_PROLOG_COMMENTS} comments stand before the root element.")


def _after_space(text: bytes, at: int) -> int:
    """Where the next markup begins. Anything else than space before it is no XML, as the parser will say."""
    found = text.find(b"<", at)
    return found if found >= 0 else at


def _refuse_instructions(root: etree._Element) -> None:
    """Instructions inside or after the root; `<?` in a comment or CDATA is only text."""
    inside = next(root.iter(etree.ProcessingInstruction), None)
    after = next(root.itersiblings(), None)
    if inside is not None or after is not None:
        raise UnsafeXml("A processing instruction is not allowed.")


def _refuse_excess(root: etree._Element, text: bytes, tags: int, *, marked: bool) -> None:
    """Each limit is looked at only where the bytes alone do not show that it is kept."""
    if tags > MAX_DEPTH and _TOO_DEEP(root):
        raise UnsafeXml(f"The XML is nested deeper than {MAX_DEPTH} levels.")
    # Other tags are three bytes at least, once there are no comments; a `<` in one counts as a tag as well.
    if (
        len(text) - (0 if marked else 3 * tags) > _SHORTEST_EXCESS
        and text.count(b"=") > MAX_ATTRIBUTES
        and _TOO_MANY_ATTRIBUTES(root)
    ):
        raise UnsafeXml(f"An element has more than {MAX_ATTRIBUTES} attributes.")
    if len(text) > MAX_ATTRIBUTES * _SHORTEST_XMLNS and text.count(b"xmlns") > MAX_ATTRIBUTES:
        _refuse_declarations(text)
    if len(text) > MAX_ATTRIBUTE_BYTES and _TOO_LONG_ATTRIBUTE(root):
        raise UnsafeXml(f"An attribute is longer than {MAX_ATTRIBUTE_BYTES} characters.")


def _refuse_declarations(text: bytes) -> None:
    """Namespace declarations are no attributes to the parser, and count as such here. Only long tags can have too many."""
    shortest = MAX_ATTRIBUTES * _SHORTEST_XMLNS
    for piece in text.split(b"<"):
        if len(piece) > shortest and piece.partition(b">")[0].count(b"xmlns") > MAX_ATTRIBUTES:
            raise UnsafeXml(f"An element declares more than {MAX_ATTRIBUTES} namespaces.")


def _reason(error: etree.XMLSyntaxError) -> str:
    """The parser's own words in one short line, with the place where it stopped."""
    line, column = error.position
    words = " ".join(_PARSER_PLACE.sub("", error.msg or "").split()) or "it is not well-formed"
    return f"{words[:120]} (line {line}, column {column})"
