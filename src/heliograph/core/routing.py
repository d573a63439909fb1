"""Who a push goes to, and by which ways: pure fan-out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from heliograph.core.delivery import Address
from heliograph.core.message import Push, PushType
from heliograph.core.people import Device, User
from heliograph.core.tags import tags_of, takes

Planned = tuple[str, Address]  # channel name, address on it


def expand(
    push: Push, recipients: Iterable[User], devices: Mapping[int, list[Device]], routes: Mapping[str, str], inbox: str
) -> list[Planned]:
    """Every way this push takes: each recipient's inbox, and each device that has a route and has not opted out.

    A remote action is for devices: it goes to the inbox only of those who have none
    (contract section 8, "unknown associate ids; associates without a device").
    `routes` maps a device's platform, or `platform:app`, to a channel name; `inbox` is the channel every user has.
    """
    plan: list[Planned] = []
    tags = tags_of(push)
    for user in recipients:
        reachable = [
            (channel, device)
            for device in devices.get(user.associate_id, ())
            if (channel := route(device, routes)) and takes(device.tags, tags)
        ]
        if not (reachable and push.type is PushType.REMOTE_ACTION):
            plan.append((inbox, Address(value=user.user_id, associate_id=user.associate_id)))
        plan.extend(
            (
                channel,
                Address(value=device.handle, associate_id=user.associate_id, device_id=device.id),
            )
            for channel, device in reachable
        )
    return plan


def route(device: Device, routes: Mapping[str, str]) -> str:
    """The channel of this device's app, else of its platform; empty when there is none."""
    return routes.get(f"{device.platform}:{device.app}", "") or routes.get(device.platform, "")
