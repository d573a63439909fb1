"""A company's own administration of its groups of users, and of itself."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from heliograph.core.errors import InvalidArgument, UnknownRecipient
from heliograph.core.people import Caller, Company
from heliograph.core.ports import Clock, Directory, Turns
from heliograph.core.roster import CompanyProfile, Roster, UserGroup
from heliograph.intake.accounts import company_name, new_user_id
from heliograph.intake.people import NewCompany, People
from heliograph.intake.roster import allow
from heliograph.intake.sign_in import Entropy


class CompanyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a company; None leaves a member as it is."""

    name: str | None = None
    description: str | None = None
    country: str | None = None
    time_zone: str | None = None
    notices_to: str | None = None


class GroupService:
    """Groups, company settings and the integration key."""

    def __init__(
        self, directory: Directory, people: People, roster: Roster, clock: Clock, entropy: Entropy, turns: Turns
    ) -> None:
        self._directory = directory
        self._people = people
        self._roster = roster
        self._clock = clock
        self._entropy = entropy
        self._turns = turns

    # --------------------------------------------------------------------- groups

    async def add(self, caller: Caller, name: str, external_id: str, user_ids: Sequence[str]) -> UserGroup:
        """A new group. Raises NotAllowed, InvalidArgument, UnknownRecipient for a member, Conflict for what is taken."""
        allow(caller)
        group = UserGroup(
            group_id=new_user_id(self._entropy),
            company_id=caller.company_id,
            name=_line("Name", name, needed=True),
            external_id=_line("ExternalId", external_id),
            members=await self._members(caller, user_ids),
            created_at=self._clock.now(),
        )
        await self._roster.add_group(group)
        return group

    async def find(self, caller: Caller, *, group_id: str = "", name: str = "", external_id: str = "") -> UserGroup:
        """By the first of these that is given. Raises NotAllowed, UnknownRecipient."""
        allow(caller)
        for group in await self._roster.groups(caller.company_id):
            if group_id:
                found = group.group_id == group_id
            elif external_id:
                found = group.external_id == external_id
            else:
                found = group.name.casefold() == name.casefold()
            if found:
                return group
        field = "Id" if group_id else "ExternalId" if external_id else "Name"
        raise UnknownRecipient(f"{field} names no user group of this company.", field=field)

    async def change(
        self,
        caller: Caller,
        group: UserGroup,
        *,
        name: str | None,
        external_id: str | None,
        user_ids: Sequence[str] | None,
    ) -> UserGroup:
        """The group as it is from now on; None leaves a member as it is. Raises as `add` does."""
        allow(caller)
        changed = replace(
            group,
            name=group.name if name is None else _line("Name", name, needed=True),
            external_id=group.external_id if external_id is None else _line("ExternalId", external_id),
            members=group.members if user_ids is None else await self._members(caller, user_ids),
        )
        await self._roster.update_group(changed)
        return changed

    async def remove(self, caller: Caller, group: UserGroup) -> None:
        """Forget the group; its members stay. Raises NotAllowed."""
        allow(caller)
        await self._roster.remove_group(group.group_id)

    async def member_ids(self, group: UserGroup) -> list[str]:
        """The members by the ids that the API shows."""
        users = [await self._directory.user(associate_id) for associate_id in group.members]
        return [user.user_id for user in users if user is not None]

    async def _members(self, caller: Caller, user_ids: Sequence[str]) -> tuple[int, ...]:
        found = set()
        for given in user_ids:
            user = await self._directory.user_by_id(caller.company_id, given)
            if user is None:
                raise UnknownRecipient("UserIds names somebody who is no user of this company.", field="UserIds")
            found.add(user.associate_id)
        return tuple(sorted(found))

    # -------------------------------------------------------------------- company

    async def company(self, caller: Caller) -> tuple[Company, CompanyProfile]:
        """The caller's company with its particulars. Raises NotAllowed."""
        allow(caller)
        company = await self._people.company(caller.company_id)
        profile = await self._roster.company_profile(company.id)
        return company, profile or CompanyProfile(company_id=company.id)

    async def change_company(self, caller: Caller, said: CompanyChange) -> tuple[Company, CompanyProfile]:
        """The company as it is from now on. Raises NotAllowed, InvalidArgument."""
        allow(caller)
        given = {
            name: _line(name, value)
            for name in ("description", "country", "time_zone", "notices_to")
            if (value := getattr(said, name)) is not None
        }
        async with self._turns.alone(("company", caller.company_id)):
            company, profile = await self.company(caller)
            if said.name is not None:
                company = replace(company, name=company_name(said.name))
                await self._directory.update_company(company)
            profile = replace(profile, updated_at=self._clock.now(), **given)
            await self._roster.put_company_profile(profile)
        return company, profile

    async def rotate_key(self, caller: Caller) -> NewCompany:
        """A new integration key; the old one ends at once. Raises NotAllowed."""
        allow(caller)
        async with self._turns.alone(("company", caller.company_id)):
            return await self._people.rotate_key(caller.company_id)


def _line(field: str, text: str, *, needed: bool = False) -> str:
    """One printable line. Raises InvalidArgument."""
    tidy = text.strip()
    if needed and not tidy:
        raise InvalidArgument(f"{field} is empty.", field=field)
    if len(tidy) > 1000 or not tidy.isprintable():
        raise InvalidArgument(f"{field} is longer than 1000 characters, or cannot be printed.", field=field)
    return tidy
