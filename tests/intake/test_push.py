"""SendPushNotification: who gets it, by which ways, for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heliograph.config.settings import PushSettings
from heliograph.core.errors import InvalidArgument, UnknownRecipient
from heliograph.core.message import Push, PushType
from heliograph.core.ports import Call
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.builders import DAY_MS, a_call, a_caller, a_company, a_device, a_user
from heliograph.testing.clock import SATURDAY_NOON, JumpingClock
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import ScriptedChannel

pytestmark = pytest.mark.anyio


@pytest.fixture
async def gateway(clock: JumpingClock) -> SmallGateway:
    """Google devices have a route, others have none."""
    channels = {"inbox": ScriptedChannel(), "fcm": ScriptedChannel()}
    gateway = SmallGateway(clock, channels, push=PushSettings(routes={"Google": "fcm"}))
    await gateway.directory.add_company(a_company())
    await gateway.directory.add_users([a_user(101), a_user(102), a_user(103, active=False), a_user(201, company_id=2)])
    await gateway.directory.put_device(a_device(0, associate_id=102, handle="h-1", identifier="one"))
    await gateway.directory.put_device(a_device(0, associate_id=102, identifier="two", platform="Apple"))
    return gateway


async def push(gateway: SmallGateway, *associate_ids: int, **changes: Any) -> Call:
    call = a_call("SendPushNotification")
    await gateway.push.send_push_notification(
        call, associate_ids=list(associate_ids), message=PocketNotificationMessage(**{"title": "Lit"} | changes)
    )
    return call


async def ways(gateway: SmallGateway, call: Call) -> list[tuple[str, str]]:
    deliveries = await gateway.outbox.deliveries([int(call.notes["MessageId"])])
    return [(delivery.channel, delivery.address) for delivery in deliveries]


async def test_a_push_goes_to_every_inbox_and_every_device_with_a_route(gateway: SmallGateway) -> None:
    call = await push(gateway, 101, 102)
    assert await ways(gateway, call) == [("inbox", f"{101:032x}"), ("inbox", f"{102:032x}"), ("fcm", "h-1")]
    assert "UnknownAssociateIds" not in call.notes


async def test_a_remote_action_goes_to_devices_and_to_the_inbox_only_of_who_has_none(gateway: SmallGateway) -> None:
    call = await push(gateway, 101, 102, type=PushType.REMOTE_ACTION)
    assert await ways(gateway, call) == [("inbox", f"{101:032x}"), ("fcm", "h-1")]


async def test_nobody_gets_a_push_twice_and_the_sender_is_served_like_any_other(gateway: SmallGateway) -> None:
    call = await push(gateway, 101, 101)
    assert await ways(gateway, call) == [("inbox", f"{101:032x}")]


async def test_the_known_are_served_and_the_unknown_named(gateway: SmallGateway) -> None:
    call = await push(gateway, 101, 999, 103, 201)
    assert len(await ways(gateway, call)) == 1
    assert call.notes["UnknownAssociateIds"] == "999,103,201"


async def test_a_push_to_strangers_alone_is_refused_and_nothing_is_kept(gateway: SmallGateway) -> None:
    with pytest.raises(UnknownRecipient, match="999"):
        await push(gateway, 999, 201)
    assert await gateway.outbox.messages(company_id=1, state=None, before_id=None, limit=10) == []


async def test_a_long_list_of_unknown_ids_is_cut(gateway: SmallGateway) -> None:
    call = await push(gateway, 101, *range(1000, 1500))
    assert call.notes["UnknownAssociateIds"].endswith("... (500 in all)")


@pytest.mark.parametrize(
    ("associate_ids", "changes", "field"),
    [
        ((), {}, "AssociateIds"),
        ((101,), {"time_to_live": -1}, "TimeToLive"),
        ((101,), {"expiry_seconds": -1}, "ExpirySecs"),
    ],
)
async def test_a_value_that_breaks_a_rule_is_refused_by_name(
    gateway: SmallGateway, associate_ids: tuple[int, ...], changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await push(gateway, *associate_ids, **changes)
    assert [error.field for error in refused.value.fields] == [field]


@pytest.mark.parametrize(
    ("changes", "lives_ms"),
    [
        ({}, 28 * DAY_MS),
        ({"time_to_live": 5}, 300_000),
        ({"expiry_seconds": 30}, 30_000),
        ({"time_to_live": 5, "expiry_seconds": 30}, 30_000),
        ({"time_to_live": 2**31 - 1}, 366 * DAY_MS),
    ],
)
async def test_a_push_lives_as_long_as_the_caller_says_within_reason(
    gateway: SmallGateway, changes: dict[str, Any], lives_ms: int
) -> None:
    call = await push(gateway, 101, **changes)
    message = await gateway.outbox.message(int(call.notes["MessageId"]))
    assert message is not None
    assert message.expires_at - SATURDAY_NOON == lives_ms


async def test_everything_the_caller_gave_is_kept(gateway: SmallGateway) -> None:
    call = await push(
        gateway,
        101,
        message="The lamp",
        url="https://example.com/",
        type=PushType.IMPORTANT,
        silent=True,
        record_id=7,
        date=datetime(2026, 12, 24, 18, tzinfo=UTC),
        duration=timedelta(minutes=90),
        extra_values={"k": "v", "": "dropped"},
        expiry_seconds=60,
    )
    message = await gateway.outbox.message(int(call.notes["MessageId"]))
    assert message is not None
    assert message.urgent
    assert message.content == Push(
        title="Lit",
        body="The lamp",
        url="https://example.com/",
        type=PushType.IMPORTANT,
        silent=True,
        record_id=7,
        date="2026-12-24T18:00:00+00:00",
        duration="PT1H30M",
        display_seconds=60,
        data={"k": "v", "expiry": "60"},
    )


async def test_an_empty_title_and_text_are_accepted(gateway: SmallGateway) -> None:
    assert await ways(gateway, await push(gateway, 101, title=""))


async def test_a_company_pushes_to_its_own_users_only(gateway: SmallGateway) -> None:
    call = a_call("SendPushNotification", caller=a_caller(company_id=2, associate_id=201))
    await gateway.push.send_push_notification(
        call, associate_ids=[101, 201], message=PocketNotificationMessage(title="Lit")
    )
    assert call.notes["UnknownAssociateIds"] == "101"
