"""The device methods of the Pocket agent: registering, listing, and saying what each device takes.

A user acts on the own devices; other users' devices are for administrators (contract section 8).
"""

from __future__ import annotations

from msgspec.structs import replace

from heliograph.core.errors import InvalidArgument, MissingArgument, NotAllowed, NotFound
from heliograph.core.people import Caller, Device, Platform, User
from heliograph.core.ports import Call, Clock, Directory
from heliograph.core.subscription import LONGEST, PLATFORM, from_address
from heliograph.core.tags import complete_tags
from heliograph.intake.carriers import PocketDeviceInfo

LONGEST_NAME = 256
LONGEST_HANDLE = 1024  # contract section 5
LONGEST_ADDRESS = LONGEST + 120  # a browser's endpoint and its keys
_PAGE = 1000
_PLATFORMS = frozenset(platform.value for platform in Platform)


class DeviceService:
    """Devices and their tags."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    async def register_device_for_push_notification(self, call: Call, *, device_info: PocketDeviceInfo) -> None:
        """Make the device known as the caller's; one that was another's moves, and forgets what that one wanted.

        Raises NotAllowed for a caller who is no user, MissingArgument and InvalidArgument naming the member.
        """
        owner = _user_id(call.caller)
        _check(device_info)
        mine = {device.identifier: device for device in await self._directory.devices([owner])}
        known = mine.get(device_info.device_identifier)
        now = self._clock.now()
        await self._directory.put_device(
            Device(
                id=known.id if known else 0,
                associate_id=owner,
                identifier=device_info.device_identifier,
                handle=device_info.pns_handle,
                platform=PLATFORM if device_info.web_push else device_info.platform.value,
                app=device_info.app,
                name=device_info.device_name,
                language=device_info.language,
                app_version=device_info.pocket_version,
                os_version=device_info.os_version,
                tags=await self._tags(owner, device_info.tags, known),
                time_zone_id=device_info.time_zone_id,
                registered_at=known.registered_at if known else now,
                last_seen=now,
            )
        )

    async def _tags(self, owner: int, given: str, known: Device | None) -> str:
        """What was said now, else what the device said before, else what its owner wants of all devices."""
        if given:
            return complete_tags(given)
        return known.tags if known is not None else complete_tags(await self._directory.wishes(owner))

    async def own(self, caller: Caller) -> list[Device]:
        """All of the caller's devices, browsers included."""
        return await self._directory.devices([_user_id(caller)])

    async def remove(self, caller: Caller, device_id: int) -> None:
        """Forget one of the caller's devices. Raises NotFound."""
        if device_id not in {device.id for device in await self.own(caller)}:
            raise NotFound("There is no such device among the caller's.")
        await self._directory.remove_device(device_id)

    async def get_registered_devices(self, call: Call, *, associate_id: int) -> list[PocketDeviceInfo]:
        """That user's devices (0: the caller's own). The push tokens are told to their owner alone.

        Devices of platforms that the contract has no name for (browsers) are left out.
        """
        owner = await self._owner(call.caller, associate_id)
        own = owner.associate_id == call.caller.associate_id
        devices = await self._directory.devices([owner.associate_id])
        return [_info(device, own) for device in devices if device.platform in _PLATFORMS]

    async def set_push_notification_tags_for_device(self, call: Call, *, device_identifier: str, tags: str) -> None:
        """Raises NotFound when the caller has no such device (an administrator: when nobody in the company has)."""
        wishes = complete_tags(tags)
        device = await self._device(call.caller, device_identifier)
        await self._directory.put_device(replace(device, tags=wishes))

    async def set_push_notification_tags_for_user(self, call: Call, *, associate_id: int, tags: str) -> None:
        """The same wishes for all of a user's devices (0: the caller's own), and for those that come later."""
        wishes = complete_tags(tags)
        owner = await self._owner(call.caller, associate_id)
        await self._directory.put_wishes(owner.associate_id, wishes)

    async def get_push_notification_tags_for_device(self, call: Call, *, device_identifier: str) -> str:
        """The complete tag string. Raises NotFound as above."""
        device = await self._device(call.caller, device_identifier)
        return complete_tags(device.tags)

    async def _owner(self, caller: Caller, associate_id: int) -> User:
        wanted = associate_id or _user_id(caller)
        if wanted != caller.associate_id and not caller.administrator:
            raise NotAllowed("Other users' devices are for administrators.")
        user = await self._directory.user(wanted)
        if user is None or user.company_id != caller.company_id:
            raise NotFound(f"There is no associate {wanted} here.")
        return user

    async def _device(self, caller: Caller, identifier: str) -> Device:
        own = await self._directory.devices([_user_id(caller)])
        found = next((device for device in own if device.identifier == identifier), None)
        if found is None and caller.administrator:
            found = await self._anyones(caller.company_id, identifier)
        if found is None:
            raise NotFound("There is no such device among the caller's.")
        return found

    async def _anyones(self, company_id: int, identifier: str) -> Device | None:
        """Looks through the company page by page: rare, for administrators alone, and no index of its own."""
        last = 0
        while users := await self._directory.users(company_id, after=last, limit=_PAGE):
            last = users[-1].associate_id
            for device in await self._directory.devices([user.associate_id for user in users]):
                if device.identifier == identifier:
                    return device
        return None


def _user_id(caller: Caller) -> int:
    if caller.associate_id is None:
        raise NotAllowed("A device belongs to a user: sign in with a user's ticket.")
    return caller.associate_id


def _check(info: PocketDeviceInfo) -> None:
    for field, text in (("DeviceIdentifier", info.device_identifier), ("PNSHandle", info.pns_handle)):
        if not text.strip():
            raise MissingArgument(f"{field} is empty.", field=field)
    limits = (
        ("DeviceIdentifier", info.device_identifier, LONGEST_NAME),
        ("DeviceName", info.device_name, LONGEST_NAME),
        ("PNSHandle", info.pns_handle, LONGEST_ADDRESS if info.web_push else LONGEST_HANDLE),
        ("App", info.app, LONGEST_NAME),
    )
    for field, text, longest in limits:
        if len(text) > longest:
            raise InvalidArgument(f"{field} is longer than {longest} characters.", field=field)
    if info.web_push:
        try:
            from_address(info.pns_handle)
        except ValueError as error:
            raise InvalidArgument(f"The subscription cannot be used: {error}.", field="Subscription") from None


def _info(device: Device, own: bool) -> PocketDeviceInfo:
    return PocketDeviceInfo(
        device_name=device.name,
        device_identifier=device.identifier,
        pocket_version=device.app_version,
        language=device.language,
        pns_handle=device.handle if own else "",
        platform=Platform(device.platform),
        os_version=device.os_version,
        time_zone_id=device.time_zone_id,
    )
