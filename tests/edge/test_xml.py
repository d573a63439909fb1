"""The one XML reader: what it takes, what it refuses, and what refusing costs."""

from __future__ import annotations

import contextlib
import string
import time

import pytest
from lxml import etree

from heliograph.core.errors import Malformed, UnsafeXml
from heliograph.edge.xml import MAX_ATTRIBUTES, MAX_DEPTH, read_any_xml, read_xml

TEXT = "<a>Ærø ☀</a>"
DECLARED = '<?xml version="1.0" encoding="{}"?>' + TEXT

TAKEN = {
    "utf-8": (TEXT.encode(), ""),
    "utf-8 with its mark": (TEXT.encode("utf-8-sig"), ""),
    "utf-8 as declared": (DECLARED.format("UTF-8").encode(), "utf-8"),
    "utf-16 with its mark": (TEXT.encode("utf-16"), ""),
    "utf-16 as declared": (DECLARED.format("utf-16").encode("utf-16"), '"UTF-16"'),
    "utf-16 big-endian with its mark": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
}

REFUSED = {
    "utf-16 without a mark": (TEXT.encode("utf-16-le"), ""),
    "utf-16 called utf-8": (DECLARED.format("utf-8").encode("utf-16"), ""),
    "utf-16 under the charset utf-8": (TEXT.encode("utf-16"), "utf-8"),
    "utf-8 under the charset utf-16": (TEXT.encode(), "utf-16"),
    "utf-8 called utf-16": (DECLARED.format("utf-16").encode(), ""),
    "utf-32": (TEXT.encode("utf-32"), ""),
    "utf-7 as declared": (DECLARED.format("utf-7").encode(), ""),
    "utf-7 without a word": (b"+ADw-a+AD4-x+ADw-/a+AD4-", ""),
    "ebcdic": ("<a>x</a>".encode("cp037"), ""),
    "ebcdic as declared": ('<?xml version="1.0" encoding="ibm037"?><a/>'.encode("cp037"), ""),
    "latin-1": ("<a>Ærø</a>".encode("latin-1"), ""),
    "latin-1 as declared": (DECLARED.format("iso-8859-1").encode("utf-8"), ""),
    "latin-1 by charset": (b"<a/>", "iso-8859-1"),
    "latin-1 behind much space": (b'<?xml version="1.0"' + b" " * 300 + b'encoding="latin1"?><a/>', ""),
    "half a character": (b"<a>\xc3</a>", ""),
    "a surrogate": (b"<a>\xed\xa0\x80</a>", ""),
}

UNSAFE = {
    "doctype": b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "doctype after a comment": b"<!-- --> <!DOCTYPE a><a/>",
    "doctype after a declaration": b'<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><a/>',
    "external entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><a/>',
    "many laughs": b'<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a>&y;</a>',
    "instruction before": b"<?style here?><a/>",
    "instruction inside": b"<a><?php ?></a>",
    "instruction after": b"<a/><?php ?>",
    "too deep": b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
    "too many attributes": b"<a " + b" ".join(b'a%d="1"' % n for n in range(MAX_ATTRIBUTES + 1)) + b"/>",
    "too long an attribute": b'<a x="' + b"y" * 70_000 + b'"/>',
    "too many elements": b"<a>" + b"<b/>" * 210_000 + b"</a>",
}

MALFORMED = {
    "empty": b"",
    "space": b"  \n",
    "no end": b"<a>",
    "wrong end": b"<a></b>",
    "two roots": b"<a/><b/>",
    "an unknown entity": b"<a>&x;</a>",
    "an unknown prefix": b"<x:a/>",
    "an attribute twice": b'<a b="1" b="2"/>',
    "a null": b"<a>\x00</a>",
    "a reference to a null": b"<a>&#0;</a>",
    "deeper than the parser goes": b"<a>" * 5000,
    "a comment without end": b"<!-- " + b"-" * 100,
    "html": b"<!doctypo html><p>",
    "a long name": b"<" + b"a" * 60_000 + b"/>",
}


@pytest.mark.parametrize(("body", "charset"), TAKEN.values(), ids=TAKEN.keys())
def test_utf_8_and_utf_16_with_its_mark_are_read(body: bytes, charset: str) -> None:
    assert read_xml(body, charset).text == "Ærø ☀"


@pytest.mark.parametrize(("body", "charset"), REFUSED.values(), ids=REFUSED.keys())
def test_every_other_encoding_and_every_contradiction_is_refused(body: bytes, charset: str) -> None:
    with pytest.raises(Malformed):
        read_xml(body, charset)


@pytest.mark.parametrize("body", UNSAFE.values(), ids=UNSAFE.keys())
def test_what_is_unsafe_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(UnsafeXml):
        read_xml(body)


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_xml_is_malformed_in_one_short_line(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        read_xml(body)
    assert len(caught.value.detail) < 250
    assert "\n" not in caught.value.detail


def test_what_only_looks_unsafe_is_read() -> None:
    looks = b"<!-- <!DOCTYPE a> <?x?> --><a><![CDATA[<!DOCTYPE a><?php ?>]]><!-- <?x?> --></a><!-- bye -->"
    assert read_xml(looks).text == "<!DOCTYPE a><?php ?>"


def test_text_cut_by_comments_and_cdata_is_whole() -> None:
    assert read_xml(b"<a>on<!-- x -->e <![CDATA[tw]]>o</a>").text == "one two"


@pytest.mark.parametrize(
    "others", [b"", b"<b/>" * 60, b"<b>" * 20 + b"</b>" * 20, b"<!--<<<<<<<<<<<<<<<<<<<<<<-->" * 20]
)
def test_the_shortest_element_with_too_many_attributes_is_refused_whatever_stands_beside_it(others: bytes) -> None:
    first = string.ascii_letters + "_"
    names = [*first, *(a + b for a in first for b in string.ascii_letters)][: MAX_ATTRIBUTES + 1]
    crowded = "<a " + " ".join(f'{name}=""' for name in names) + ">"
    with pytest.raises(UnsafeXml, match="attributes"):
        read_xml(crowded.encode() + others + b"</a>")


def test_at_the_limits_it_is_still_read() -> None:
    assert read_xml(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH).tag == "a"
    attributes = b" ".join(b'a%d="1"' % n for n in range(MAX_ATTRIBUTES))
    assert len(read_xml(b"<a " + attributes + b"/>").attrib) == MAX_ATTRIBUTES


@pytest.mark.parametrize(
    "body",
    [
        b"<a " + b" ".join(b'xmlns:n%d="u%d"' % (n, n) for n in range(100_000)) + b"/>",
        b"<a " + b" ".join(b'a%d="1"' % n for n in range(200_000)) + b"/>",
        b"<" + b"a" * 4_000_000,
        b"<a>" + b"<b>" * 150_000,
        b"<!-- -->" * 180_000 + b"<a/>",
        b"<?xml " + b" " * 4_000_000,
        b" " * 4_000_000 + b"<a/>",
        b"<a>" + b"&#65;" * 800_000 + b"</a>",
        b"<a>" + b"]" * 4_000_000 + b"</a>",
    ],
    ids=["namespaces", "attributes", "a name", "depth", "comments", "a declaration", "space", "references", "brackets"],
)
def test_four_megabytes_of_malice_cost_less_than_a_second(body: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(Malformed):
        read_xml(body)
    assert time.process_time() - started < 1


@pytest.mark.anyio
async def test_a_large_document_is_read_aside_with_the_same_result() -> None:
    large = b"<a>" + b"<b>text</b>" * 20_000 + b"</a>"
    assert len(await read_any_xml(large)) == 20_000
    with pytest.raises(UnsafeXml):
        await read_any_xml(b"<!DOCTYPE a><a>" + b"x" * 100_000 + b"</a>")


@pytest.mark.parametrize(
    "value",
    ["  ", "\n", " x ", " &amp; ", " &#32; ", "&#9;", "\n &lt;b&gt; \n", " \u00a0 ", "a\n\n b"],
)
@pytest.mark.parametrize("elsewhere", ["", "<!-- ! -->"], ids=["plain", "with a comment elsewhere"])
def test_white_space_that_is_a_value_stays_whichever_way_the_document_is_read(value: str, elsewhere: str) -> None:
    root = read_xml(f"<a>\n  <b>{value}</b>\n  {elsewhere}<c/>\n</a>".encode())
    assert [child.tag for child in root] == ["b", "c"]
    assert root[0].text == etree.fromstring(f"<b>{value}</b>").text
