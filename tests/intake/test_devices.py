"""Devices: who may register, see and tune which, and what a registration keeps."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from heliograph.core.errors import InvalidArgument, MissingArgument, NotAllowed, NotFound
from heliograph.core.people import Caller, Door, Platform
from heliograph.core.ports import Call
from heliograph.intake.carriers import PocketDeviceInfo
from heliograph.intake.devices import DeviceService
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import a_company, a_user
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio

PHONE = PocketDeviceInfo(
    device_name="Ida's phone", device_identifier="phone-1", pns_handle="token-1", platform=Platform.GOOGLE
)
EVERYTHING = "message=1,important=1,remoteaction=1,question=1,webpage=1"


def by(associate_id: int | None, *, administrator: bool = False, company_id: int = 1) -> Call:
    """A call of one of the company's users."""
    caller = Caller(company_id=company_id, door=Door.SOAP, associate_id=associate_id, administrator=administrator)
    return Call(method="", arguments={}, caller=caller)


@pytest.fixture
async def store(clock: JumpingClock) -> MemoryStore:
    """Company 1 with associates 101 and 102, and company 2 with 201."""
    store = MemoryStore(clock)
    await store.directory.add_company(a_company())
    await store.directory.add_company(a_company(id=2, name="Others"))
    for id, company in ((101, 1), (102, 1), (201, 2)):
        await store.directory.add_user(a_user(id, company_id=company))
    return store


@pytest.fixture
def devices(store: MemoryStore, clock: JumpingClock) -> DeviceService:
    return DeviceService(store.directory, clock)


async def test_a_registered_device_is_the_callers_and_takes_everything(devices: DeviceService) -> None:
    await devices.register_device_for_push_notification(by(101), device_info=PHONE)
    assert await devices.get_registered_devices(by(101), associate_id=0) == [PHONE]
    assert await devices.get_push_notification_tags_for_device(by(101), device_identifier="phone-1") == EVERYTHING


async def test_registering_again_changes_the_token_and_keeps_the_tags_and_the_first_day(
    devices: DeviceService, store: MemoryStore, clock: JumpingClock
) -> None:
    await devices.register_device_for_push_notification(by(101), device_info=PHONE)
    await devices.set_push_notification_tags_for_device(by(101), device_identifier="phone-1", tags="question=0")
    [before] = await store.directory.devices([101])
    await clock.jump(3600)
    again = PocketDeviceInfo(device_identifier="phone-1", pns_handle="token-2", platform=Platform.GOOGLE)
    await devices.register_device_for_push_notification(by(101), device_info=again)
    [after] = await store.directory.devices([101])
    assert (after.id, after.handle, after.registered_at) == (before.id, "token-2", before.registered_at)
    assert after.last_seen == before.last_seen + 3_600_000
    assert "question=0" in after.tags


async def test_a_device_that_changes_hands_forgets_what_the_other_wanted(
    devices: DeviceService, store: MemoryStore
) -> None:
    await devices.register_device_for_push_notification(by(101), device_info=PHONE)
    await devices.set_push_notification_tags_for_user(by(101), associate_id=0, tags="message=0")
    await devices.register_device_for_push_notification(by(102), device_info=PHONE)
    assert await store.directory.devices([101]) == []
    [moved] = await store.directory.devices([102])
    assert moved.tags == EVERYTHING


async def test_tags_for_a_user_are_set_on_all_devices(devices: DeviceService, store: MemoryStore) -> None:
    for number in (1, 2):
        info = PocketDeviceInfo(device_identifier=f"d-{number}", pns_handle=f"t-{number}")
        await devices.register_device_for_push_notification(by(101), device_info=info)
    await devices.set_push_notification_tags_for_user(by(101), associate_id=101, tags="message=0,storm")
    assert {each.tags for each in await store.directory.devices([101])} == {
        EVERYTHING.replace("message=1", "message=0") + ",storm=1"
    }


async def test_a_users_wishes_hold_for_devices_that_come_later(devices: DeviceService, store: MemoryStore) -> None:
    await devices.set_push_notification_tags_for_user(by(101), associate_id=0, tags="question=0")
    await devices.register_device_for_push_notification(by(101), device_info=PHONE)
    assert await devices.get_push_notification_tags_for_device(by(101), device_identifier="phone-1") == (
        EVERYTHING.replace("question=1", "question=0")
    )
    await devices.register_device_for_push_notification(by(101), device_info=replace(PHONE, tags="webpage=0"))
    [device] = await store.directory.devices([101])
    assert device.tags == EVERYTHING.replace("webpage=1", "webpage=0")


async def test_other_users_devices_are_for_administrators(devices: DeviceService) -> None:
    await devices.register_device_for_push_notification(by(101), device_info=PHONE)
    with pytest.raises(NotAllowed):
        await devices.get_registered_devices(by(102), associate_id=101)
    with pytest.raises(NotAllowed):
        await devices.set_push_notification_tags_for_user(by(102), associate_id=101, tags="message=0")
    with pytest.raises(NotFound):
        await devices.set_push_notification_tags_for_device(by(102), device_identifier="phone-1", tags="message=0")
    with pytest.raises(NotFound):
        await devices.get_push_notification_tags_for_device(by(102), device_identifier="phone-1")


async def test_an_administrator_may_tune_any_device_of_the_company_and_never_sees_its_token(
    devices: DeviceService,
) -> None:
    await devices.register_device_for_push_notification(by(101), device_info=PHONE)
    boss = by(102, administrator=True)
    [seen] = await devices.get_registered_devices(boss, associate_id=101)
    assert (seen.device_identifier, seen.pns_handle) == ("phone-1", "")
    await devices.set_push_notification_tags_for_device(boss, device_identifier="phone-1", tags="webpage=0")
    assert "webpage=0" in await devices.get_push_notification_tags_for_device(boss, device_identifier="phone-1")


async def test_an_administrator_of_another_company_sees_nothing(devices: DeviceService) -> None:
    await devices.register_device_for_push_notification(by(101), device_info=PHONE)
    stranger = by(201, administrator=True, company_id=2)
    with pytest.raises(NotFound):
        await devices.get_registered_devices(stranger, associate_id=101)
    with pytest.raises(NotFound):
        await devices.get_push_notification_tags_for_device(stranger, device_identifier="phone-1")


async def test_a_machine_has_no_devices(devices: DeviceService) -> None:
    with pytest.raises(NotAllowed):
        await devices.register_device_for_push_notification(by(None), device_info=PHONE)
    with pytest.raises(NotAllowed):
        await devices.get_registered_devices(by(None), associate_id=0)


@pytest.mark.parametrize("member", ["device_identifier", "pns_handle"])
async def test_a_device_without_identifier_or_token_is_refused(devices: DeviceService, member: str) -> None:
    with pytest.raises(MissingArgument):
        await devices.register_device_for_push_notification(by(101), device_info=replace(PHONE, **{member: " "}))


@pytest.mark.parametrize(
    ("member", "longest"), [("device_identifier", 256), ("device_name", 256), ("pns_handle", 1024)]
)
async def test_names_and_tokens_have_a_longest_length(devices: DeviceService, member: str, longest: int) -> None:
    await devices.register_device_for_push_notification(by(101), device_info=replace(PHONE, **{member: "x" * longest}))
    with pytest.raises(InvalidArgument):
        await devices.register_device_for_push_notification(
            by(101), device_info=replace(PHONE, **{member: "x" * (longest + 1)})
        )


async def test_a_platform_the_contract_has_no_name_for_is_not_listed(
    devices: DeviceService, store: MemoryStore
) -> None:
    await devices.register_device_for_push_notification(by(101), device_info=PHONE)
    [device] = await store.directory.devices([101])
    await store.directory.put_device(replace(device, id=0, identifier="browser-1", platform="WebPush"))
    assert await devices.get_registered_devices(by(101), associate_id=101) == [PHONE]
