"""The same request means the same in JSON, in XML and in the query string."""

from __future__ import annotations

import json
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.core.errors import Malformed
from heliograph.edge.rest.binding import bind
from heliograph.edge.rest.fields import FIELDS, PUSH, PushRequest
from heliograph.edge.rest.formats import Format, Media

pytestmark = pytest.mark.anyio

JSON, XML = Media(Format.JSON), Media(Format.XML)

#: A value as text, now and then one that no notation may take.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.one_of(st.integers(-(2**33), 2**33).map(str), st.sampled_from(["", "1.5", "x", "0x1", "+7", "٣", "1_0"]))
FLAGS = st.sampled_from(["true", "false", "True", "FALSE", "", "yes", "truefalse"])
KINDS = {"company_id": NUMBERS, "expiry_secs": NUMBERS, "sound": FLAGS}
REQUESTS = st.dictionaries(st.sampled_from(sorted(PUSH.by_name)), st.none(), max_size=9).flatmap(
    lambda names: st.fixed_dictionaries({name: KINDS.get(PUSH.by_name[name].member, WORDS) for name in names})
)


def in_xml(values: dict[str, str]) -> bytes:
    carriage = {"\r": "&#13;"}
    inner = "".join(f"<{name}>{escape(value, carriage)}</{name}>" for name, value in values.items())
    return f"<Push>{inner}</Push>".encode()


async def outcome(media: Media, body: bytes, query: bytes = b"") -> PushRequest | str:
    """What came of it: the request, or that it was refused."""
    try:
        return await bind(media, body, query)
    except Malformed:
        return "refused"


@settings(max_examples=400, deadline=None)
@given(REQUESTS)
async def test_json_and_xml_bind_alike_or_are_both_refused(values: dict[str, str]) -> None:
    assert await outcome(JSON, json.dumps(values).encode()) == await outcome(XML, in_xml(values))


@settings(max_examples=200, deadline=None)
@given(REQUESTS)
async def test_the_query_string_binds_like_json(values: dict[str, str]) -> None:
    asked = urlencode(values).encode()
    assert await outcome(JSON, json.dumps(values).encode()) == await outcome(JSON, b"", asked)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
async def test_any_bytes_are_bound_or_refused(body: bytes) -> None:
    await outcome(JSON, body)
    await outcome(XML, body)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
async def test_every_field_binds_in_every_notation(field) -> None:
    given_text, expected = {"int": ("7", 7), "bool": ("true", True)}.get(
        type(getattr(PushRequest(), field.member)).__name__, ("seven", "seven")
    )
    for request in (
        await bind(JSON, json.dumps({field.name.upper(): given_text}).encode(), b""),
        await bind(XML, in_xml({field.name: given_text}), b""),
        await bind(JSON, b"", urlencode({field.name.lower(): given_text}).encode()),
    ):
        assert getattr(request, field.member) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"{" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"Title": ' + b'{"a":' * 50_000,
        b'{"ExpirySecs": ' + b"9" * 10_000 + b"}",
        b'{"ExpirySecs": 1e400}',
        b'{"Title": "\\ud800"}',
        b'{"Title": Infinity}',
        b'{"Title": {"a": 1}}',
        b'{"Title": true}',
        b'{"CompanyId": true}',
        b'{"CompanyId": [1]}',
        b'{"Sound": "1"}',
        b'"Title"',
        b"null",
        b'{"Title": "t"} {}',
        b"\xff\xfe{\x00}\x00",
        b"{'Title': 't'}",
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
async def test_json_that_is_hostile_or_wrong_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        await bind(JSON, body, b"")


async def test_a_number_as_identifier_is_its_digits() -> None:
    request = await bind(JSON, b'{"UserExternalId": 4711}', b"")
    assert request.user_external_id == "4711"


async def test_a_byte_order_mark_before_json_is_passed_over() -> None:
    assert (await bind(JSON, b'\xef\xbb\xbf{"Title": "t"}', b"")).title == "t"


async def test_where_the_setting_asks_for_it_xml_must_declare_the_instance_namespace() -> None:
    with pytest.raises(Malformed, match="xmlns:i"):
        await bind(XML, b"<Push><Title>t</Title></Push>", b"", require_xmlns_i=True)
    declared = b'<Push xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Title>t</Title></Push>'
    assert (await bind(XML, declared, b"", require_xmlns_i=True)).title == "t"
