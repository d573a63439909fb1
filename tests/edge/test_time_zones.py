"""The caller's time zone over every door of the agents: by id or code, put onto dates that come without an offset."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.edge.calls import agents, refused_as, soap, succeeded

from heliograph.config.settings import SoapSettings
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.message import Push
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.intake.zone_table import CODE_OF_ID, CODES_OF
from heliograph.intake.zones import Zones, place
from heliograph.testing.running import Town, a_town

pytestmark = pytest.mark.anyio


async def dates(town: Town) -> list[str]:
    """The dates of the pushes that were accepted, oldest first."""
    found = await town.app.store.outbox.messages(company_id=None, state=None, before_id=None, limit=100)
    return [message.content.date for message in reversed(found) if isinstance(message.content, Push)]


def push(date: str) -> str:
    return (
        "<p:SendPushNotification><p:AssociateIds><a:int>101</a:int></p:AssociateIds><p:Message><p:Title>Fog</p:Title>"
        f"<p:Date>{date}</p:Date></p:Message></p:SendPushNotification>"
    )


def zone(id: int = 0, code: str = "") -> str:
    return (
        f"<p:TimeZone><p:SoTimeZoneId>{id}</p:SoTimeZoneId>"
        f"<p:SoTimeZoneLocationCode>{code}</p:SoTimeZoneLocationCode></p:TimeZone>"
    )


@pytest.mark.parametrize(
    ("header", "date", "meant"),
    [
        ("", "2026-11-21T12:00:00", "2026-11-21T12:00:00"),
        (zone(), "2026-11-21T12:00:00", "2026-11-21T12:00:00"),
        (zone(261), "2026-11-21T12:00:00", "2026-11-21T12:00:00+01:00"),
        (zone(261), "2026-07-21T12:00:00", "2026-07-21T12:00:00+02:00"),
        (zone(code="NO"), "2026-11-21T12:00:00", "2026-11-21T12:00:00+01:00"),
        (zone(code="us-ny"), "2026-11-21T12:00:00", "2026-11-21T12:00:00-05:00"),
        (zone(261), "2026-11-21T12:00:00Z", "2026-11-21T12:00:00+00:00"),
    ],
)
async def test_a_date_without_an_offset_is_meant_in_the_callers_zone(
    town: Town, header: str, date: str, meant: str
) -> None:
    heard = await soap(town, "Pocket", push(date), ticket=town.ticket, blocks=header)
    assert succeeded(heard)
    assert await dates(town) == [meant]


async def test_the_reply_tells_the_zone_it_was_asked_in(town: Town) -> None:
    heard = await soap(town, "Pocket", push("2026-11-21T12:00:00"), ticket=town.ticket, blocks=zone(261))
    assert "<SoTimeZoneId>261</SoTimeZoneId>" in heard.text
    without = await soap(town, "Pocket", push("2026-11-21T12:00:00"), ticket=town.ticket)
    assert '<h:TimeZone i:nil="true"/>' in without.text


async def test_an_unknown_zone_harms_no_call_without_a_date(town: Town) -> None:
    heard = await soap(town, "Pocket", push("2026-11-21T12:00:00Z"), ticket=town.ticket, blocks=zone(99))
    assert succeeded(heard)


async def test_an_unknown_zone_is_refused_and_nothing_is_sent(town: Town) -> None:
    heard = await soap(town, "Pocket", push("2026-11-21T12:00:00"), ticket=town.ticket, blocks=zone(99))
    assert refused_as(heard) == "SoInvalidArgumentException"
    assert await dates(town) == []


@pytest.mark.parametrize("header", ["NO", "261", "no, includeTZOffset", "NO,includeTZOffset"])
async def test_the_header_of_the_json_agents_does_the_same(town: Town, header: str) -> None:
    body = {"AssociateIds": [101], "Message": {"Title": "Fog", "Date": "2026-11-21T12:00:00"}}
    ticket = f"SOTicket {town.ticket}"
    heard = await agents(town, "Pocket/SendPushNotification", body, ticket, SO_TimeZone=header)
    assert heard.status == 204
    assert await dates(town) == ["2026-11-21T12:00:00+01:00"]


async def test_the_operator_can_add_ids_of_the_clients_own(tmp_path: Path) -> None:
    async with a_town(tmp_path, soap=SoapSettings(time_zones={"99": "Asia/Tokyo"})) as town:
        await soap(town, "Pocket", push("2026-11-21T12:00:00"), ticket=town.ticket, blocks=zone(99))
        assert await dates(town) == ["2026-11-21T12:00:00+09:00"]


@pytest.mark.parametrize("name", ["Atlantis/Central", "../etc/passwd", "", "Europe"])
def test_a_zone_that_this_machine_does_not_have_cannot_be_set(name: str) -> None:
    with pytest.raises(BadSetting, match="time_zones"):
        Zones({"99": name})


@pytest.mark.parametrize("code", ["", "XX", "US", "NO-", "../NO", "Europe/Oslo"])
def test_what_is_no_location_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidArgument):
        Zones().find(code)


def test_every_zone_of_the_table_is_there_and_every_code_stands_once() -> None:
    codes = [code for several in CODES_OF.values() for code in several.split()]
    assert len(codes) == len(set(codes)) > 280
    assert set(CODE_OF_ID.values()) <= set(codes)
    for code in codes:
        assert isinstance(Zones().find(code), ZoneInfo)


def test_dates_are_found_wherever_they_stand() -> None:
    oslo = ZoneInfo("Europe/Oslo")
    naive = datetime(2026, 11, 21, 12)  # noqa: DTZ001 - what the zone is put onto
    inside = place([PocketNotificationMessage(date=naive)], lambda: oslo)
    assert inside[0].date.astimezone(UTC) == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert place({"untouched": 1}, lambda: oslo) == {"untouched": 1}
