"""How single values, arrays and dictionaries are read and written, and what is told when they do not fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.edge.soap.desk import Desk
from tests.edge.soap.envelopes import ARRAYS, Told, call, push

from heliograph.core.message import PushType
from heliograph.core.people import Platform
from heliograph.edge.contract.pocket import NOTIFICATION_PLATFORM
from heliograph.edge.soap.values import enum_writer, escape, read_moment, write_moment

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def pushed(desk: Desk, *members: str) -> object:
    """The Message the desk was handed."""
    told = Told(await desk.post(push(*members), agent="Pocket"))
    assert told.wrapped is None, told.reason
    return desk.last["message"]


async def refused(desk: Desk, envelope: str, *, agent: str = "Pocket") -> str:
    """What a wrapped error says of an argument that does not fit; nothing was done."""
    told = Told(await desk.post(envelope, agent=agent))
    assert told.wrapped == "SoInvalidArgumentException"
    assert desk.calls == []
    return told.reason


READ = [
    ("Silent", "true", True),
    ("Silent", "1", True),
    ("Silent", " false ", False),
    ("TimeToLive", "2147483647", 2**31 - 1),
    ("TimeToLive", "-2147483648", -(2**31)),
    ("TimeToLive", " \n+007 ", 7),
    ("Type", "ShowWebPage", PushType.WEB_PAGE),
    ("Date", "2026-11-21T12:00:00Z", NOON),
    ("Date", "2026-11-21T14:00:00+02:00", NOON),
    ("Date", "2026-11-21T12:00:00", NOON.replace(tzinfo=None)),
    ("Date", "2026-11-21T12:00:00.1234567Z", NOON.replace(microsecond=123456)),
    ("Date", "2026-11-20T24:00:00Z", NOON.replace(hour=0)),
    ("Date", "0001-01-01T00:00:00", None),
    ("Date", "9999-12-31T23:59:59.9999999", datetime(9999, 12, 31, 23, 59, 59, 999999)),  # noqa: DTZ001
    ("Duration", "PT1H30M", timedelta(minutes=90)),
    ("Duration", "-P1D", timedelta(days=-1)),
]


@pytest.mark.parametrize(("member", "text", "value"), READ)
async def test_values_are_read_as_their_types(desk: Desk, member: str, text: str, value: object) -> None:
    attr = {"TimeToLive": "time_to_live"}.get(member, member.lower())
    assert getattr(await pushed(desk, f"<n:{member}>{text}</n:{member}>"), attr) == value


MISFITS = [
    ("Silent", "yes"),
    ("Silent", "True"),
    ("TimeToLive", "2147483648"),
    ("TimeToLive", "-2147483649"),
    ("TimeToLive", "9" * 4000),
    ("TimeToLive", "1.0"),
    ("TimeToLive", "1_000"),
    ("TimeToLive", "0x10"),
    ("TimeToLive", "\u0663"),
    ("RecordId", "1 2"),
    ("Type", "message"),
    ("Type", "0"),
    ("Date", "2026-11-21"),
    ("Date", "2026-02-30T12:00:00Z"),
    ("Date", "0000-01-01T00:00:00Z"),
    ("Date", "10000-01-01T00:00:00Z"),
    ("Date", "-0001-01-01T00:00:00Z"),
    ("Date", "2026-11-21T25:00:00Z"),
    ("Date", "2026-11-21T24:00:01Z"),
    ("Date", "9999-12-31T24:00:00Z"),
    ("Date", "0001-01-01T00:00:00+14:00"),
    ("Date", "2026-11-21T12:00:00+15:00"),
    ("Date", "\u0662026-11-21T12:00:00Z"),
    ("Duration", "P1Y"),
    ("Duration", "1:30"),
    ("Duration", "P99999999999D"),
    ("Duration", "PT"),
]


@pytest.mark.parametrize(("member", "text"), MISFITS)
async def test_a_value_that_is_none_of_its_type_is_refused_by_name(desk: Desk, member: str, text: str) -> None:
    reason = await refused(desk, push(f"<n:{member}>{text}</n:{member}>"))
    assert reason.startswith(f"Message.{member}: ")
    assert len(reason) < 300


async def test_an_empty_element_counts_as_absent_unless_it_is_text(desk: Desk) -> None:
    empty = "".join(f"<n:{name}></n:{name}>" for name in ("Silent", "Type", "TimeToLive", "Date", "Duration", "Title"))
    message = await pushed(desk, empty)
    assert (message.silent, message.type, message.time_to_live) == (False, PushType.MESSAGE, 0)  # type: ignore[attr-defined]
    assert (message.date, message.duration, message.title) == (None, None, "")  # type: ignore[attr-defined]


async def test_nil_is_absent_too_and_may_hold_nothing(desk: Desk) -> None:
    message = await pushed(
        desk, '<n:TimeToLive i:nil="true"/><n:Title i:nil="1"> </n:Title><n:Url i:nil="false">u</n:Url>'
    )
    assert (message.time_to_live, message.title, message.url) == (0, "", "u")  # type: ignore[attr-defined]
    fresh = Desk()
    assert "nil" in await refused(fresh, push('<n:Title i:nil="true">x</n:Title>'))
    assert "nil" in await refused(fresh, push('<n:Title i:nil="perhaps"/>'))


async def test_a_type_that_is_given_must_be_the_members(desk: Desk) -> None:
    right = '<n:Title i:type="x:string">a</n:Title><n:Type i:type="n:NotificationMessageType">Message</n:Type>'
    duration = '<n:Duration i:type="x:duration">PT1S</n:Duration>'
    assert (await pushed(desk, right, duration)).title == "a"  # type: ignore[attr-defined]
    rebound = '<n:Url xmlns:x="urn:y" i:type="x:string">b</n:Url>'
    for wrong in ('<n:Title i:type="x:int">1</n:Title>', '<n:Url i:type="n:string">b</n:Url>', rebound):
        assert "type" in await refused(Desk(), push(wrong))
    unbound = '<n:Url i:type="zz:string">b</n:Url>'
    assert "type" in await refused(Desk(), push(unbound))
    elsewhere = call("SendPushNotification", '<n:Message i:type="n:OutgoingMessage"/>')
    assert "type" in await refused(Desk(), elsewhere)


async def test_what_one_document_declares_does_not_hold_in_the_next(desk: Desk) -> None:
    good = push('<n:Title i:type="x:string">a</n:Title>')
    assert Told(await desk.post(good, agent="Pocket")).wrapped is None
    assert "type" in await refused(Desk(), good.replace('http://www.w3.org/2001/XMLSchema"', 'urn:not-the-schema"'))
    inner = good.replace("<n:Title", '<n:Title xmlns:x="urn:y"')
    assert "type" in await refused(Desk(), inner)


async def test_members_come_in_any_order_and_unknown_ones_are_read_over(desk: Desk) -> None:
    unknown = (
        '<n:TableRight><n:Mask>Select</n:Mask></n:TableRight><y:Url xmlns:y="urn:y">no</y:Url><n:Colour>red</n:Colour>'
    )
    message = await pushed(desk, "<n:RecordId>5</n:RecordId>", unknown, "<n:Title>t</n:Title>")
    assert (message.record_id, message.title, message.url) == (5, "t", "")  # type: ignore[attr-defined]


async def test_a_member_that_stands_twice_is_refused(desk: Desk) -> None:
    assert "twice" in await refused(desk, push("<n:Title>a</n:Title><n:Title>b</n:Title>"))


async def test_elements_where_text_belongs_are_refused(desk: Desk) -> None:
    assert "Message.Title" in await refused(desk, push("<n:Title>a<n:b/></n:Title>"))
    assert "Message.RecordId" in await refused(desk, push("<n:RecordId><n:b>1</n:b></n:RecordId>"))
    assert "Message" in await refused(desk, push("Hello"))


async def test_text_split_by_comments_and_cdata_comes_whole(desk: Desk) -> None:
    message = await pushed(
        desk, "<n:Title>7T:12<!-- -->34<![CDATA[<&]]>&#65;&amp;</n:Title>", "<n:RecordId>1<!---->2</n:RecordId>"
    )
    assert (message.title, message.record_id) == ("7T:1234<&A&", 12)  # type: ignore[attr-defined]


async def test_white_space_in_text_is_kept(desk: Desk) -> None:
    message = await pushed(
        desk, "<n:Title>  </n:Title>", "<n:Message> a\n b\t</n:Message>", "<n:Url> <![CDATA[x]]></n:Url>"
    )
    assert (message.title, message.message, message.url) == ("  ", " a\n b\t", " x")  # type: ignore[attr-defined]


async def test_pairs_may_have_empty_keys_and_the_last_of_equal_ones_counts(desk: Desk) -> None:
    pairs = [("a", "1"), ("", "x"), ("a", "2"), ("b", "")]
    inside = "".join(
        f"<n:StringKeyValuePair><n:Value>{value}</n:Value><n:Key>{key}</n:Key></n:StringKeyValuePair>"
        for key, value in pairs
    )
    nil = '<n:StringKeyValuePair><n:Key>c</n:Key><n:Value i:nil="true"/></n:StringKeyValuePair>'
    message = await pushed(desk, f"<n:ExtraValues>{inside}{nil}</n:ExtraValues>")
    assert message.extra_values == {"a": "2", "": "x", "b": "", "c": ""}  # type: ignore[attr-defined]


async def test_arrays_hold_only_their_items_so_that_no_recipient_is_lost(desk: Desk) -> None:
    await desk.post(push(ids="<a:int>1</a:int> <a:int> 2 </a:int>"), agent="Pocket")
    assert desk.last["associate_ids"] == [1, 2]
    for wrong in ("<n:int>1</n:int>", "<a:long>1</a:long>", "<a:int/>", '<a:int i:nil="true"/>', "1,2"):
        assert "AssociateIds" in await refused(Desk(), push(ids=wrong))
    assert "AssociateIds[1]: 'x'" in await refused(Desk(), push(ids="<a:int>1</a:int><a:int>x</a:int>"))


async def test_absent_arguments_are_empty_and_an_absent_carrier_is_told(desk: Desk) -> None:
    await desk.post(call("SendMessagesWithConfig"))
    assert desk.last == {"plugin": "", "outgoing_messages": [], "config": {}}
    assert "Message" in await refused(Desk(), call("SendPushNotification"))


async def test_a_nil_message_keeps_its_place(desk: Desk) -> None:
    messages = (
        '<n:OutgoingMessage i:nil="true"/><n:OutgoingMessage><n:To>ida</n:To></n:OutgoingMessage><n:OutgoingMessage/>'
    )
    told = Told(await desk.post(call("SendMessages", f"<n:OutgoingMessages>{messages}</n:OutgoingMessages>")))
    assert told.texts("Status") == ["0", "1", "0"]


async def test_the_depth_of_a_fault_is_named(desk: Desk) -> None:
    messages = "<n:OutgoingMessage/><n:OutgoingMessage><n:ParentMessagingId>?</n:ParentMessagingId></n:OutgoingMessage>"
    reason = await refused(
        desk, call("SendMessages", f"<n:OutgoingMessages>{messages}</n:OutgoingMessages>"), agent="Messaging"
    )
    assert reason.startswith("OutgoingMessages[1].ParentMessagingId: ")


HOSTILE = st.text(
    st.one_of(
        st.characters(exclude_categories=()),  # lone surrogates too
        st.sampled_from("<>&\"'\r\n\t\0\x0b\x1f]\ufffe\uffff\u202e"),
    )
)
UNWRITABLE = {chr(code) for code in range(32)} - {"\t", "\n", "\r"} | {"\ufffe", "\uffff"}


def as_xml_can_carry_it(text: str) -> str:
    return "".join("\ufffd" if char in UNWRITABLE or "\ud800" <= char <= "\udfff" else char for char in text)


@given(HOSTILE)
def test_every_text_comes_out_of_another_parser_as_it_went_in(text: str) -> None:
    document = f"<a>{escape(text)}]]&gt;</a>".encode()
    assert etree.fromstring(document).text == as_xml_can_carry_it(text) + "]]>"


@pytest.mark.parametrize(
    "text", ["]]>", "<!--", "&amp;", "a\r\nb", "\x00", "\ud800", "</StatusDescription>", "%s%d", "\U0001f514"]
)
async def test_hostile_text_in_a_reply_is_only_text(text: str) -> None:
    async def tags(call: object, *, device_identifier: str) -> str:
        return text

    reply = await Desk(GetPushNotificationTagsForDevice=tags).post(
        call("GetPushNotificationTagsForDevice"), agent="Pocket"
    )
    assert Told(reply).text("Response") == as_xml_can_carry_it(text)


async def test_hostile_text_among_plain_ones_is_only_text(desk: Desk) -> None:
    told = Told(await desk.post(call("SendMessages", "<n:Plugin>&lt;/Message&gt;&amp;</n:Plugin>")))
    assert "'</Message>&'" in told.reason


@given(st.datetimes(timezones=st.one_of(st.none(), st.just(UTC), st.just(timezone(timedelta(hours=-3, minutes=-30))))))
def test_a_moment_that_is_written_is_read_back(moment: datetime) -> None:
    if moment.replace(tzinfo=None) == datetime.min:  # noqa: DTZ901 - the one date that means none
        return
    try:
        assert read_moment(write_moment(moment)) == moment
    except ValueError:
        assert moment.year in (1, 9999)


@pytest.mark.parametrize(("version", "told"), [(83, "Google"), (86, "GoogleDeveloper")])
def test_a_platform_younger_than_the_version_is_told_as_its_elder(version: int, told: str) -> None:
    assert enum_writer(NOTIFICATION_PLATFORM, version)(Platform.GOOGLE_DEVELOPER) == told


async def test_a_member_younger_than_the_version_is_read_over(desk: Desk) -> None:
    seen: list[int] = []

    async def register(call: object, *, device_info: object) -> None:
        seen.append(device_info.time_zone_id)  # type: ignore[attr-defined]

    desk = Desk(RegisterDeviceForPushNotification=register)
    info = "<n:DeviceInfo><n:TimeZoneId>4</n:TimeZoneId></n:DeviceInfo>"
    for version in (86, 88):
        await desk.post(
            call("RegisterDeviceForPushNotification", info, version=version), version=version, agent="Pocket"
        )
    assert seen == [0, 4]


def test_arrays_of_ints_live_in_their_own_namespace() -> None:
    assert ARRAYS.endswith("/Arrays")


TYPED = '<n:Title i:type="x:string">a</n:Title>'


@pytest.mark.parametrize("trick", ['note="a>b"', 'note="&gt;"', "note='>' other=\"'>\"", 'note="Envelope>"'])
async def test_prefixes_remembered_from_one_envelope_cannot_be_bent_by_a_like_one(trick: str, desk: Desk) -> None:
    """Both envelopes begin with the same bytes up to a `>`; what follows it binds `x` anew in the second."""
    honest = push(TYPED).replace("<s:Envelope ", f"<s:Envelope {trick} ", 1)
    bent = honest.replace('xmlns:x="http://www.w3.org/2001/XMLSchema"', 'xmlns:x="urn:bent"')
    late = push(TYPED.replace("<n:Title", '<n:Title xmlns:x="urn:bent"')).replace(
        "<s:Envelope ", f"<s:Envelope {trick} ", 1
    )
    for _ in range(2):
        assert Told(await desk.post(honest, agent="Pocket")).wrapped is None
        for wrong in (bent, late):
            assert "type" in await refused(Desk(), wrong)


async def test_a_declaration_that_begins_alike_and_ends_otherwise_is_another(desk: Desk) -> None:
    def binding(uri: str) -> str:
        return push(TYPED.replace("x:", "z:")).replace("<s:Envelope ", f'<s:Envelope xmlns:z="{uri}" ', 1)

    schema = "http://www.w3.org/2001/XMLSchema"
    for _ in range(2):
        assert Told(await desk.post(binding(f"{schema}>b"), agent="Pocket")).fault == "Client"
        assert "type" in await refused(Desk(), binding(f"{schema}#b"))
        assert Told(await Desk().post(binding(schema), agent="Pocket")).text("Succeeded") == "true"
