"""Which notation a request is in, and which its answer takes."""

from __future__ import annotations

import pytest

from heliograph.core.errors import UnsupportedMedia
from heliograph.edge.rest.formats import Format, media_of, wanted_format

JSON, XML = Format.JSON, Format.XML


@pytest.mark.parametrize(
    ("content_type", "format", "charset"),
    [
        ("", XML, ""),
        ("application/json", JSON, ""),
        ("Application/JSON; Charset=UTF-8", JSON, "utf-8"),
        ('text/json;charset="utf-8"', JSON, "utf-8"),
        ("application/xml; charset=utf-16", XML, "utf-16"),
        ("text/xml;boundary=x", XML, ""),
    ],
)
def test_the_content_type_names_the_notation(content_type: str, format: Format, charset: str) -> None:
    media = media_of(content_type)
    assert (media.format, media.charset) == (format, charset)


@pytest.mark.parametrize("content_type", ["text/plain", "application/soap+xml", "multipart/form-data", "json", "*/*"])
def test_any_other_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMedia, match="send application/json or application/xml"):
        media_of(content_type)


def test_two_charsets_are_refused() -> None:
    with pytest.raises(UnsupportedMedia, match="twice"):
        media_of("application/json; charset=utf-8; charset=utf-16")


@pytest.mark.parametrize(
    ("query", "accept", "content_type", "format"),
    [
        (b"format=json", "application/xml", "application/xml", JSON),
        (b"FORMAT=Text%2FJSON", "", "", JSON),
        (b"a=1&format=xml", "application/json", "application/json", XML),
        (b"format=csv", "application/json", "", JSON),
        (b"format=", "application/json", "", JSON),
        (b"format=%ff", "application/json", "", JSON),
        (b"", "application/json", "application/xml", JSON),
        (b"", "text/xml", "application/json", XML),
        (b"", "application/json;q=0.1, application/xml;q=0.9", "", XML),
        (b"", "application/json;q=0, */*", "application/xml", XML),
        (b"", "application/json;q=zero", "application/json", XML),
        (b"", "*/*", "application/json", JSON),
        (b"", "*/*", "application/xml", XML),
        (b"", "*/*", "", XML),
        (b"", "", "application/json", JSON),
        (b"", "text/html", "application/json", XML),
        (b"", "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "application/json", XML),
    ],
)
def test_format_then_accept_then_the_requests_own_then_xml(
    query: bytes, accept: str, content_type: str, format: Format
) -> None:
    assert wanted_format(query, accept, content_type) is format
