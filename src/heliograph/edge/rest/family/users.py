"""What the user endpoints do: parameters to services, people to documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heliograph.core.errors import InvalidArgument, MissingArgument
from heliograph.core.moments import iso_time
from heliograph.core.people import Caller, Device, Role
from heliograph.core.ports import Directory
from heliograph.core.roster import Sought, UserGroup
from heliograph.intake.groups import GroupService
from heliograph.intake.roster import Particulars, Person, RosterService

Members = dict[str, Any]
Document = dict[str, Any]

PAGE_MAX = 250
_PAGES_MAX = 1_000_000
_ROLES = {
    "readonly": Role.USER,
    "user": Role.USER,
    "admin": Role.ADMINISTRATOR,
    "enterpriseadmin": Role.ADMINISTRATOR,
    "vendoradmin": Role.ADMINISTRATOR,
    "superadmin": Role.ADMINISTRATOR,
}
_STATUSES = {"active": True, "retired": False}
_SAID = ("first_name", "last_name", "email", "external_id", "password", "country", "time_zone")


def moment(ms: int) -> str:
    """2019-09-11T06:24:03.9630000Z: seven digits, as the family writes them."""
    return f"{iso_time(ms)[:-1]}0000Z"


def plain_id(given: str) -> str:
    """A GUID as it is stored: 32 hex digits in lower case, without dashes and braces."""
    return given.strip("{}").replace("-", "").lower()


class Users:
    """The methods of the user endpoints, by the names in the table."""

    def __init__(self, roster: RosterService, groups: GroupService, directory: Directory) -> None:
        self._roster = roster
        self._groups = groups
        self._directory = directory

    async def add_user(self, caller: Caller, given: Members) -> Document:
        """The user as added."""
        person = await self._roster.add(caller, _particulars(given), await self._joined(caller, given))
        return {"User": _user(person, [])}

    async def user(self, caller: Caller, given: Members) -> Document:
        """One user."""
        return {"User": (await self._told([await self._find(caller, given)]))[0]}

    async def change_user(self, caller: Caller, given: Members) -> Document:
        """The user as changed. An identifier that found the user is no new value."""
        person = await self._find(caller, given)
        changed = await self._roster.change(caller, person, _particulars(given), await self._joined(caller, given))
        return {"User": (await self._told([changed]))[0]}

    async def delete_user(self, caller: Caller, given: Members) -> Document:
        """Nothing."""
        await self._roster.delete(caller, await self._find(caller, given))
        return {}

    async def search_users(self, caller: Caller, given: Members) -> Document:
        """One page."""
        name, email, external_id = (given.get(each, "") for each in ("name", "email", "external_id"))
        if not (name or email or external_id):
            raise MissingArgument("Name, Email or ExternalId is required.", field="Name")
        size, page = given.get("page_size", 0) or PAGE_MAX, given.get("page_no", 0)
        if not 1 <= size <= PAGE_MAX:
            raise InvalidArgument(f"PageSize is from 1 to {PAGE_MAX}.", field="PageSize")
        if not 0 <= page <= _PAGES_MAX:
            raise InvalidArgument(f"PageNo is from 0 to {_PAGES_MAX}.", field="PageNo")
        sought = Sought(name=name, email=email, external_id=external_id, active=_status(given))
        return {"Users": await self._told(await self._roster.search(caller, sought, page=page, size=size))}

    async def _find(self, caller: Caller, given: Members) -> Person:
        user_id, email, external_id = (given.get(each, "") for each in ("id", "email", "external_id"))
        if not (user_id or email or external_id):
            raise MissingArgument("Id, Email or ExternalId is required.", field="Id")
        return await self._roster.find(caller, user_id=plain_id(user_id), email=email, external_id=external_id)

    async def _joined(self, caller: Caller, given: Members) -> list[UserGroup]:
        """The groups that are named, by id, by name (UseNames) or by external id (UseExternalIds)."""
        found = []
        for each in given.get("groups", []):
            if given.get("use_names"):
                found.append(await self._groups.find(caller, name=each))
            elif given.get("use_external_ids"):
                found.append(await self._groups.find(caller, external_id=each))
            else:
                found.append(await self._groups.find(caller, group_id=plain_id(each)))
        return found

    async def _told(self, people: Sequence[Person]) -> list[Document]:
        devices: dict[int, list[Device]] = {person.user.associate_id: [] for person in people}
        for device in await self._directory.devices(list(devices)):
            devices[device.associate_id].append(device)
        return [_user(person, devices[person.user.associate_id]) for person in people]


def _particulars(given: Members) -> Particulars:
    """What is given; an empty text is as good as absent, as everywhere in the family."""
    said = {name: given[name] for name in _SAID if given.get(name)}
    role = None
    if word := given.get("website_role", ""):
        role = _ROLES.get(word.lower())
        if role is None:
            raise InvalidArgument("WebsiteRole is ReadOnly, User or Admin.", field="WebsiteRole")
    return Particulars(**said, role=role, active=_status(given))


def _status(given: Members) -> bool | None:
    word = given.get("status", "")
    if not word:
        return None
    if word.lower() not in _STATUSES:
        raise InvalidArgument("Status is Active or Retired.", field="Status")
    return _STATUSES[word.lower()]


def _user(person: Person, devices: Sequence[Device]) -> Document:
    user, profile = person.user, person.profile
    status = "Retired" if not user.active else "Active" if user.password_hash else "Invited"
    return {
        "Id": user.user_id,
        "UserID": user.associate_id,
        "FirstName": profile.first_name,
        "LastName": profile.last_name,
        "Email": user.email,
        "Status": status,
        "ExternalId": user.external_id,
        "TimeZone": profile.time_zone,
        "Country": profile.country,
        "WebsiteRole": "Admin" if user.role is Role.ADMINISTRATOR else "User",
        "CreatedDate": moment(user.created_at),
        "LastUpdated": moment(profile.updated_at or user.created_at),
        "UserDevices": [_device(device) for device in devices],
    }


def _device(device: Device) -> Document:
    return {
        "Id": device.id,
        "OS": f"{device.platform} {device.os_version}".strip(),
        "Name": device.name,
        "AppVersion": device.app_version,
        "LastSeen": moment(device.last_seen),
    }
