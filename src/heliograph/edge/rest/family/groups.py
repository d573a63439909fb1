"""What the user group and company endpoints do."""

from __future__ import annotations

from heliograph.core.errors import MissingArgument
from heliograph.core.people import Caller, Company
from heliograph.core.roster import CompanyProfile, UserGroup
from heliograph.edge.rest.family.users import Document, Members, moment, plain_id
from heliograph.intake.groups import CompanyChange, GroupService


class Groups:
    """The methods of the user group and company endpoints, by the names in the table."""

    def __init__(self, groups: GroupService) -> None:
        self._groups = groups

    async def add_group(self, caller: Caller, given: Members) -> Document:
        """The group as added."""
        ids = [plain_id(each) for each in given.get("user_ids", [])]
        return await self._told(await self._groups.add(caller, given["name"], given.get("external_id", ""), ids))

    async def group(self, caller: Caller, given: Members) -> Document:
        """One group."""
        return await self._told(await self._find(caller, given))

    async def change_group(self, caller: Caller, given: Members) -> Document:
        """The group as changed."""
        ids = given.get("user_ids")
        by = {"id": given["id"]} if given.get("id") else {"name": given.get("name", "")}
        changed = await self._groups.change(
            caller,
            await self._find(caller, by),
            name=given.get("name") or None,
            external_id=given.get("external_id") or None,
            user_ids=None if ids is None else [plain_id(each) for each in ids],
        )
        return await self._told(changed)

    async def delete_group(self, caller: Caller, given: Members) -> Document:
        """Nothing."""
        await self._groups.remove(caller, await self._find(caller, given))
        return {}

    async def company(self, caller: Caller, given: Members) -> Document:
        """The caller's company."""
        return _company(*await self._groups.company(caller))

    async def change_company(self, caller: Caller, given: Members) -> Document:
        """The company as changed."""
        names = ("name", "description", "country", "time_zone", "notices_to")
        said = CompanyChange(**{name: given[name] for name in names if given.get(name)})
        return _company(*await self._groups.change_company(caller, said))

    async def rotate_key(self, caller: Caller, given: Members) -> Document:
        """The new key, told once."""
        new = await self._groups.rotate_key(caller)
        return {"Company": {"Id": new.company.id, "Name": new.company.name, "IntegrationKey": new.integration_key}}

    async def _find(self, caller: Caller, given: Members) -> UserGroup:
        group_id, external_id, name = (given.get(each, "") for each in ("id", "external_id", "name"))
        if not (group_id or external_id or name):
            raise MissingArgument("Id, ExternalId or Name is required.", field="Id")
        return await self._groups.find(caller, group_id=plain_id(group_id), external_id=external_id, name=name)

    async def _told(self, group: UserGroup) -> Document:
        return {
            "UserGroup": {
                "Id": group.group_id,
                "Name": group.name,
                "ExternalId": group.external_id,
                "UserIds": await self._groups.member_ids(group),
                "CreatedDate": moment(group.created_at),
            }
        }


def _company(company: Company, profile: CompanyProfile) -> Document:
    return {
        "Company": {
            "Id": company.id,
            "Name": company.name,
            "Description": profile.description,
            "Country": profile.country,
            "TimeZone": profile.time_zone,
            "SendNotificationsTo": profile.notices_to,
            "Status": "Active",  # nobody calls for one that is not
            "CreatedDate": moment(company.created_at),
        }
    }
