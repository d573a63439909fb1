"""Particulars and groups of users, over dicts."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from heliograph.core.errors import Conflict, NotFound
from heliograph.core.people import User
from heliograph.core.roster import CompanyProfile, Profile, Sought, UserGroup
from heliograph.store.memory.tables import Tables


class MemoryRoster:
    """Port `Roster`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._companies: dict[int, CompanyProfile] = {}

    async def profiles(self, associate_ids: Sequence[int]) -> list[Profile]:
        """Those that there are, in order."""
        self._tables.open()
        return [self._tables.profiles[id] for id in sorted(set(associate_ids)) if id in self._tables.profiles]

    async def search(self, company_id: int, sought: Sought, *, skip: int, limit: int) -> list[User]:
        """Looks at every user."""
        t = self._tables.open()
        deleted = {p.associate_id for p in t.profiles.values() if p.deleted_at}
        fitting = [u for u in t.users.values() if u.company_id == company_id and sought.fits(u)]
        left = sorted((u for u in fitting if u.associate_id not in deleted), key=lambda user: user.associate_id)
        return left[skip : skip + limit]

    async def put_profile(self, profile: Profile) -> None:
        """Keep it; a deleted user leaves all groups."""
        self._tables.open()
        self._tables.profiles[profile.associate_id] = profile
        if profile.deleted_at:
            for group in list(self._tables.groups.values()):
                members = tuple(id for id in group.members if id != profile.associate_id)
                self._tables.groups[group.group_id] = replace(group, members=members)

    async def company_profile(self, company_id: int) -> CompanyProfile | None:
        """A company's particulars."""
        self._tables.open()
        return self._companies.get(company_id)

    async def put_company_profile(self, profile: CompanyProfile) -> None:
        """Keep them."""
        self._tables.open()
        self._companies[profile.company_id] = profile

    async def groups(self, company_id: int) -> list[UserGroup]:
        """All of a company's, by name."""
        self._tables.open()
        found = [group for group in self._tables.groups.values() if group.company_id == company_id]
        return sorted(found, key=lambda group: (group.name.casefold(), group.group_id))

    async def add_group(self, group: UserGroup) -> None:
        """Raises Conflict naming what is taken."""
        self._tables.open()
        if group.group_id in self._tables.groups:
            raise Conflict("This group id is taken.")
        self._keep(group)

    async def update_group(self, group: UserGroup) -> None:
        """Raises NotFound when there is no such group, Conflict naming what is taken."""
        self._tables.open()
        if group.group_id not in self._tables.groups:
            raise NotFound("There is no such group.")
        self._keep(group)

    async def remove_group(self, group_id: str) -> bool:
        """Whether it was there."""
        self._tables.open()
        return self._tables.groups.pop(group_id, None) is not None

    def _keep(self, group: UserGroup) -> None:
        for other in self._tables.groups.values():
            if other.company_id != group.company_id or other.group_id == group.group_id:
                continue
            if other.name.casefold() == group.name.casefold():
                raise Conflict("This group name is taken.")
            if group.external_id and other.external_id == group.external_id:
                raise Conflict("This external id is taken.")
        self._tables.groups[group.group_id] = replace(group, members=tuple(sorted(set(group.members))))
