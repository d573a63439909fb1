"""A user's own devices over HTTP: register one (a browser's push subscription too), list them, forget one."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from heliograph.core.access import Scope
from heliograph.core.errors import InvalidArgument, MissingArgument, NotFound
from heliograph.core.moments import iso_time
from heliograph.core.people import Device, Platform
from heliograph.core.subscription import PLATFORM, read_subscription
from heliograph.core.tags import complete_tags
from heliograph.edge.auth import Authenticator
from heliograph.edge.rest.bodies import json_body
from heliograph.edge.rest.own import answered, as_json, id_in_path, signed_in
from heliograph.intake.carriers import PocketDeviceInfo
from heliograph.intake.devices import DeviceService
from heliograph.intake.services import Services

PATH = "/api/v2/device"
_PLATFORMS = {platform.value.lower(): platform for platform in Platform}


class Keys(msgspec.Struct):
    """What the browser gave with its subscription."""

    p256dh: str
    auth: str


class PushSubscription(msgspec.Struct):
    """As the browser's `PushSubscription.toJSON()` writes it."""

    endpoint: str
    keys: Keys


class Registration(msgspec.Struct):
    """The body of POST: a token of a platform, or a subscription."""

    platform: str = ""
    token: str = ""
    subscription: PushSubscription | None = None
    identifier: str = ""
    app: str = ""
    name: str = ""
    language: str = ""
    app_version: str = ""
    os_version: str = ""
    time_zone_id: int = 0
    tags: str = ""


class DevicesApi:
    """The endpoints under /api/v2/device."""

    def __init__(self, devices: DeviceService, services: Services, authenticator: Authenticator) -> None:
        self._devices = devices
        self._services = services
        self._authenticator = authenticator

    def routes(self) -> list[Route]:
        """Verb by verb; what is not here is a 405."""
        return [
            Route(PATH, answered(self.register), methods=["POST"]),
            Route(PATH, answered(self.list), methods=["GET"]),
            Route(f"{PATH}/{{id}}", answered(self.forget), methods=["DELETE"]),
        ]

    async def register(self, request: Request) -> Response:
        """Make it known as the caller's, or seen again; one that was another user's moves here. The device as it is."""
        caller = await signed_in(request, self._authenticator, Scope.DEVICES)
        info = _info(await json_body(request, Registration))
        await self._services.call("RegisterDeviceForPushNotification", {"device_info": info}, caller)
        found = [each for each in await self._devices.own(caller) if each.identifier == info.device_identifier]
        return as_json(device_json(found[0]) if found else {})

    async def list(self, request: Request) -> Response:
        """`{"devices": [...]}`, the oldest first; tokens are never told."""
        caller = await signed_in(request, self._authenticator, Scope.DEVICES)
        return as_json({"devices": [device_json(device) for device in await self._devices.own(caller)]})

    async def forget(self, request: Request) -> Response:
        """204; 404 for a device that is not the caller's."""
        caller = await signed_in(request, self._authenticator, Scope.DEVICES)
        device_id = id_in_path(request)
        if device_id is None:
            raise NotFound("There is no such device among the caller's.")
        await self._devices.remove(caller, device_id)
        return Response(status_code=204, headers={"cache-control": "no-store"})


def device_json(device: Device) -> dict[str, Any]:
    """A device without its token; times are UTC."""
    return {
        "id": device.id,
        "identifier": device.identifier,
        "platform": device.platform,
        "app": device.app,
        "name": device.name,
        "language": device.language,
        "app_version": device.app_version,
        "os_version": device.os_version,
        "time_zone_id": device.time_zone_id,
        "tags": complete_tags(device.tags),
        "registered": iso_time(device.registered_at),
        "last_seen": iso_time(device.last_seen),
    }


def _info(given: Registration) -> PocketDeviceInfo:
    """As RegisterDeviceForPushNotification takes it. Raises InvalidArgument and MissingArgument naming the member."""
    handle, browser = given.token, given.subscription is not None
    platform = _PLATFORMS.get(given.platform.lower(), Platform.APPLE)
    if given.subscription is not None:
        handle = _address(given)
    elif not given.platform:
        raise MissingArgument("platform is required, or else a subscription.", field="platform")
    elif given.platform.lower() not in _PLATFORMS:
        known = ", ".join(each.value for each in Platform)
        raise InvalidArgument(f"platform is one of {known}; a browser sends its subscription.", field="platform")
    return PocketDeviceInfo(
        device_name=given.name,
        device_identifier=given.identifier
        or (hashlib.sha256(handle.partition("#")[0].encode()).hexdigest()[:32] if browser else ""),
        pocket_version=given.app_version,
        language=given.language,
        pns_handle=handle,
        platform=platform,
        os_version=given.os_version,
        time_zone_id=given.time_zone_id,
        web_push=browser,
        app=given.app,
        tags=given.tags,
    )


def _address(given: Registration) -> str:
    assert given.subscription is not None  # noqa: S101 - asked by the one caller
    if given.token or given.platform.lower() not in ("", PLATFORM.lower()):
        raise InvalidArgument("A subscription comes without platform and token.", field="subscription")
    keys = given.subscription.keys
    try:
        return read_subscription(given.subscription.endpoint, keys.p256dh, keys.auth).address
    except ValueError as error:
        raise InvalidArgument(f"The subscription cannot be used: {error}.", field="subscription") from None
