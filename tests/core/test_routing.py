"""Who a push goes to, and by which ways."""

from __future__ import annotations

import pytest

from heliograph.core.message import Push, PushType
from heliograph.core.routing import expand
from heliograph.testing.builders import a_device, a_push, a_user

ROUTES = {"Google": "fcm", "Apple": "apns"}


def ways(push_type: PushType, devices: list[str]) -> list[str]:
    user = a_user()
    owned = {101: [a_device(n, platform=platform) for n, platform in enumerate(devices, 1)]}
    return [channel for channel, _ in expand(a_push(type=push_type), [user], owned, ROUTES, "inbox")]


@pytest.mark.parametrize(
    ("push_type", "devices", "expected"),
    [
        (PushType.MESSAGE, [], ["inbox"]),
        (PushType.MESSAGE, ["Google", "Apple"], ["inbox", "fcm", "apns"]),
        (PushType.MESSAGE, ["Microsoft"], ["inbox"]),
        (PushType.REMOTE_ACTION, ["Google"], ["fcm"]),
        (PushType.REMOTE_ACTION, [], ["inbox"]),
        (PushType.REMOTE_ACTION, ["Microsoft"], ["inbox"]),
    ],
)
def test_a_push_takes_the_inbox_and_every_device_with_a_route(
    push_type: PushType, devices: list[str], expected: list[str]
) -> None:
    assert ways(push_type, devices) == expected


def test_an_address_says_whose_and_which_device_it_is() -> None:
    plan = expand(a_push(), [a_user(7)], {7: [a_device(3, handle="h3")]}, ROUTES, "inbox")
    (_, inbox), (_, device) = plan
    assert (inbox.value, inbox.associate_id, inbox.device_id) == (f"{7:032x}", 7, None)
    assert (device.value, device.associate_id, device.device_id) == ("h3", 7, 3)


@pytest.mark.parametrize(
    ("tags", "push", "expected"),
    [
        ("message=0", a_push(), ["inbox"]),
        ("question=0", a_push(), ["inbox", "fcm"]),
        ("meetings=0", a_push(data={"tag": "meetings"}), ["inbox"]),
        ("remoteaction=0", a_push(type=PushType.REMOTE_ACTION), ["inbox"]),
    ],
)
def test_a_device_that_opted_out_is_spared_and_the_inbox_never_is(tags: str, push: Push, expected: list[str]) -> None:
    plan = expand(push, [a_user()], {101: [a_device(tags=tags)]}, ROUTES, "inbox")
    assert [channel for channel, _ in plan] == expected


def test_several_apps_of_a_platform_have_a_channel_each() -> None:
    routes = {"Apple": "apns", "Apple:com.coast.field": "apns-field", "Google:com.coast.field": "fcm-field"}
    owned = [
        a_device(1, platform="Apple"),
        a_device(2, platform="Apple", app="com.coast.field"),
        a_device(3, platform="Google", app="com.coast.field"),
        a_device(4, platform="Google"),
    ]
    plan = expand(a_push(), [a_user()], {101: owned}, routes, "inbox")
    assert [(channel, address.device_id) for channel, address in plan[1:]] == [
        ("apns", 1),
        ("apns-field", 2),
        ("fcm-field", 3),
    ]
