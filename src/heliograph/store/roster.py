"""Particulars and groups of users on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from heliograph.core.errors import NotFound
from heliograph.core.people import User
from heliograph.core.roster import CompanyProfile, Profile, Sought, UserGroup
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer

_TRIGRAM = 3  # characters: the index knows no shorter text


class SqliteRoster:
    """Port `Roster`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def profiles(self, associate_ids: Sequence[int]) -> list[Profile]:
        """Those that there are, in order."""
        return await self._reader.many(rows.profiles, "profiles", rows.array(associate_ids))

    async def search(self, company_id: int, sought: Sought, *, skip: int, limit: int) -> list[User]:
        """By the index of names, of e-mail addresses or of external ids, whichever finds fewest."""
        if sought.external_id or sought.email:
            return (await self._few(company_id, sought))[skip : skip + limit]
        name, active = sought.name.casefold(), None if sought.active is None else int(sought.active)
        if "\n" in name or "\0" in name:
            return []  # the one stands between the names in the index, the other ends a phrase; no name has either
        page = (active, limit, skip)
        if len(name) < _TRIGRAM:
            return await self._reader.many(rows.users, "look_through_people", name, *page, company_id)
        phrase = name.replace('"', '""')
        return await self._reader.many(
            rows.users, "find_people", f'company : "={company_id}=" names : "{phrase}"', *page
        )

    async def _few(self, company_id: int, sought: Sought) -> list[User]:
        if sought.external_id:
            found = await self._reader.many(rows.users, "people_by_external_id", company_id, sought.external_id)
        else:
            found = await self._reader.many(rows.users, "people_by_email", company_id, rows.folded(sought.email))
        fitting = [user for user in found if sought.fits(user)]
        deleted = {p.associate_id for p in await self.profiles([u.associate_id for u in fitting]) if p.deleted_at}
        return [user for user in fitting if user.associate_id not in deleted]

    async def put_profile(self, profile: Profile) -> None:
        """Keep it; a deleted user leaves all groups."""
        noun = rows.text(profile)

        def work(connection: apsw.Connection) -> None:
            connection.execute(SQL["put_profile"], (noun,))
            if profile.deleted_at:
                connection.execute(SQL["leave_groups"], (profile.associate_id,))

        await self._writer.run(work)

    async def company_profile(self, company_id: int) -> CompanyProfile | None:
        """A company's particulars."""
        return self._reader.one(rows.company_profile, "company_profile", company_id)

    async def put_company_profile(self, profile: CompanyProfile) -> None:
        """Keep them."""
        noun = rows.text(profile)
        await self._writer.run(lambda connection: connection.execute(SQL["put_company_profile"], (noun,)).get)

    async def groups(self, company_id: int) -> list[UserGroup]:
        """All of a company's, by name."""
        return await self._reader.many(rows.groups, "groups", company_id)

    async def add_group(self, group: UserGroup) -> None:
        """Raises Conflict naming what is taken."""
        row = _row(group)

        def work(connection: apsw.Connection) -> None:
            connection.execute(SQL["add_group"], row)
            connection.execute(SQL["add_members"], row[:1])

        await self._writer.run(work)

    async def update_group(self, group: UserGroup) -> None:
        """Raises NotFound when there is no such group, Conflict naming what is taken."""
        row = _row(group)

        def work(connection: apsw.Connection) -> None:
            if connection.execute(SQL["update_group"], row).get is None:
                raise NotFound("There is no such group.")
            connection.execute(SQL["remove_members"], (group.group_id,))
            connection.execute(SQL["add_members"], row[:1])

        await self._writer.run(work)

    async def remove_group(self, group_id: str) -> bool:
        """Whether it was there."""

        def work(connection: apsw.Connection) -> bool:
            connection.execute(SQL["remove_members"], (group_id,))
            connection.execute(SQL["remove_group"], (group_id,))
            return connection.changes() > 0

        return await self._writer.run(work)


def _row(group: UserGroup) -> tuple[str, str]:
    return rows.text(group), rows.folded(group.name)
