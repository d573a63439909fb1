"""What the JSON agents read and write: leniently where clients differ, strictly where a guess could be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from lxml import etree

from heliograph.core.errors import Malformed
from heliograph.core.message import PushType
from heliograph.edge.agents.documents import form_document, xml_document
from heliograph.edge.agents.media import Kind, Media, media_of, select, wanted
from heliograph.edge.agents.read import reader
from heliograph.edge.agents.write import as_json, as_xml, plain, selected, writer
from heliograph.edge.contract.messaging import OUTGOING_MESSAGES, STATUSES
from heliograph.edge.contract.model import Member
from heliograph.edge.contract.pocket import NOTIFICATION_MESSAGE_TYPE, POCKET_DEVICE_INFO, POCKET_NOTIFICATION_MESSAGE
from heliograph.edge.contract.scalars import (
    BOOLEAN,
    DATE_TIME,
    DURATION,
    INT,
    INTS,
    SHORT,
    STRING,
    STRING_DICTIONARY,
    STRINGS,
)
from heliograph.edge.json import read_json
from heliograph.edge.rest.formats import Format
from heliograph.edge.soap.decode import ABSENT
from heliograph.edge.soap.typenames import Misfit
from heliograph.intake.carriers import MessageDeliveryStatus, OutgoingMessage, PocketDeviceInfo


@pytest.mark.parametrize(
    ("type", "json", "value"),
    [
        (STRING, '"Lamp"', "Lamp"),
        (STRING, '""', ""),
        (STRING, "47", "47"),
        (STRING, "null", ABSENT),
        (INT, "-2147483648", -(2**31)),
        (INT, '" 7 "', 7),
        (INT, '""', ABSENT),
        (BOOLEAN, "true", True),
        (BOOLEAN, '"True"', True),
        (BOOLEAN, "0", False),
        (DATE_TIME, '"2026-11-21T12:30:00.123Z"', datetime(2026, 11, 21, 12, 30, 0, 123000, tzinfo=UTC)),
        (DATE_TIME, '"2026-11-21"', datetime(2026, 11, 21)),  # noqa: DTZ001 - a date without a zone
        (DATE_TIME, '"0001-01-01T00:00:00"', None),
        (DURATION, '"PT1H30M"', timedelta(hours=1, minutes=30)),
        (DURATION, '"1:30"', timedelta(hours=1, minutes=30)),
        (DURATION, '"0:00:07"', timedelta(seconds=7)),
        (DURATION, '"-2.03:04:05.5"', -timedelta(days=2, hours=3, minutes=4, seconds=5.5)),
        (NOTIFICATION_MESSAGE_TYPE, '"importantmessage"', PushType.IMPORTANT),
        (NOTIFICATION_MESSAGE_TYPE, "1", PushType.IMPORTANT),
        (NOTIFICATION_MESSAGE_TYPE, '"1"', PushType.IMPORTANT),
        (INTS, "[1, 2]", [1, 2]),
        (STRINGS, '["a", null]', ["a", ""]),
        (STRING_DICTIONARY, '{"Key": "v", "key": 2, "none": null}', {"Key": "v", "key": "2", "none": ""}),
        (OUTGOING_MESSAGES, '[null, {"TO": "x", "unknown": {}}]', [OutgoingMessage(), OutgoingMessage(to="x")]),
        (
            POCKET_DEVICE_INFO,
            '{"pNSHandle": "h", "oSVersion": "17", "platform": "google", "tableRight": 1}',
            PocketDeviceInfo(pns_handle="h", os_version="17", platform="Google"),  # type: ignore[arg-type]
        ),
    ],
)
def test_values_are_read_as_clients_write_them(type: Any, json: str, value: Any) -> None:
    assert reader(type)(read_json(json.encode())) == value


@pytest.mark.parametrize(
    ("type", "json", "words"),
    [
        (STRING, "true", "must be a string"),
        (STRING, '"\\u0000"', "has a character that is not text"),
        (STRING, '"\\ud800"', "has a character that is not text"),
        (INT, "2147483648", "2147483648 is not between -2147483648 and 2147483647"),
        (SHORT, "32768", "32768 is not between -32768 and 32767"),
        (INT, "1.5", "must be a whole number"),
        (INT, "true", "must be a whole number"),
        (BOOLEAN, '"yes"', "'yes' is not true or false"),
        (BOOLEAN, "[]", "must be true or false"),
        (DATE_TIME, "5", "must be a date and time in a string"),
        (DURATION, '"1:60"', "'1:60' is not a duration like PT1H30M"),
        (NOTIFICATION_MESSAGE_TYPE, "9", "'9' is not one of Message, "),
        (INTS, "[1, null]", "is empty"),
        (INTS, '{"0": 1}', "must be an array"),
        (STRING_DICTIONARY, '{"a": "1", "a": "2"}', "stands twice"),
        (STRING_DICTIONARY, '{"a": [1]}', "must be a string"),
        (POCKET_NOTIFICATION_MESSAGE, '{"title": "a", "TITLE": null}', "stands twice"),
        (POCKET_NOTIFICATION_MESSAGE, '{"title": null, "TITLE": "a"}', "stands twice"),
        (POCKET_NOTIFICATION_MESSAGE, "[]", "must be an object"),
    ],
)
def test_what_could_be_guessed_wrong_is_refused(type: Any, json: str, words: str) -> None:
    with pytest.raises(Misfit) as caught:
        reader(type)(read_json(json.encode()))
    assert caught.value.words.startswith(words)


def test_xml_and_forms_become_the_documents_that_json_would() -> None:
    members = [Member("AssociateIds", INTS, "ids"), Member("Message", POCKET_NOTIFICATION_MESSAGE, "message")]
    document = (
        ("AssociateIds", ["7", "8"]),
        ("Message", (("Title", "Lamp"), ("ExtraValues", (("lens", "2"),)))),
    )
    xml = etree.fromstring(
        '<Any xmlns="urn:x" xmlns:a="urn:a"><AssociateIds><a:int>7</a:int><a:int>8</a:int></AssociateIds><Other/><Message>'
        "<Title>Lamp</Title><ExtraValues><a:KV><a:Key>lens</a:Key><a:Value>2</a:Value></a:KV></ExtraValues></Message></Any>"
    )
    assert xml_document(xml, members) == document
    for form in (
        b"AssociateIds[0]=7&AssociateIds[1]=8&Message.Title=Lamp&Message.ExtraValues.lens=2",
        b"AssociateIds=7&AssociateIds=8&Message[Title]=Lamp&Message[ExtraValues][lens]=2&other=1",
        b"AssociateIds%5B%5D=7&AssociateIds%5B%5D=8&Message.Title=Lamp&Message.ExtraValues[lens]=2",
    ):
        assert form_document(form, members) == document


@pytest.mark.parametrize(
    "form",
    [b"Plugin=a&Plugin=b", b"Plugin.x=a", b"Ids.a=1", b"Ids=1&Ids.0=2", b"=1", b"a.b.c.d.e.f.g.h.i=1", b"%ff%ff=\xff"],
)
def test_a_form_that_contradicts_itself_is_malformed(form: bytes) -> None:
    members = [Member("Plugin", STRING, "plugin"), Member("Ids", INTS, "ids")]
    with pytest.raises(Malformed):
        form_document(form, members)


def test_a_result_is_told_whole_or_by_the_members_asked_for() -> None:
    document = plain(writer(STATUSES)([MessageDeliveryStatus(status=1, messaging_id=7)]))
    assert document == [
        {"Status": 1, "StatusDescription": "", "MessagingId": 7, "TableRight": None, "FieldProperties": None}
    ]
    assert selected(document, frozenset({"messagingid"}))[0]["MessagingId"] == 7
    assert selected(document, frozenset({"messagingid"}))[0]["Status"] is None
    assert as_xml(document, STATUSES).count(b'i:nil="true"') == 2
    assert as_xml("a<b", STRING).endswith(b">a&lt;b</string>")


def test_what_is_no_text_does_not_break_an_answer() -> None:
    assert msgspec.json.decode(as_json({"a\ud800": ["\ud800", 1]})) == {"a\ufffd": ["\ufffd", 1]}


def test_the_notation_is_the_callers_choice() -> None:
    assert media_of("TEXT/JSON; charset=UTF-8") == Media(Kind.JSON, "utf-8")
    assert media_of("application/merge-patch+json").kind is Kind.JSON
    assert [wanted(accept) for accept in ("", "*/*", "text/html", "application/json, text/xml;q=0.9")] == [
        Format.JSON
    ] * 4
    assert [wanted(accept) for accept in ("text/xml", "application/xml, */*;q=0.1")] == [Format.XML] * 2
    assert select(b"%24select=Status,%20MessagingId/x") == {"status", "messagingid"}
    assert select(b"selected=1") == frozenset()
