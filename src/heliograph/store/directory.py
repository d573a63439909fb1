"""Companies, users, devices, suppressions and tickets on SQLite."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import apsw
from msgspec.structs import replace

from heliograph.core.errors import NotFound
from heliograph.core.people import Company, Device, Ticket, User
from heliograph.core.roster import Profile
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer

_FEW = 32  # users whose devices are read at once, without a thread


class SqliteDirectory:
    """Port `Directory`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    # ------------------------------------------------------------------ companies

    async def company(self, company_id: int) -> Company | None:
        """One company."""
        return self._reader.one(rows.company, "company", company_id)

    async def companies(self) -> list[Company]:
        """All, in order of id."""
        return self._reader.one(rows.companies, "companies") or []

    async def add_company(self, company: Company) -> Company:
        """The company with its id. Raises Conflict when the id is taken."""
        return replace(company, id=await self._change("add_company", rows.text(company)))

    async def update_company(self, company: Company) -> None:
        """Raises NotFound when there is no such company."""
        if await self._change("update_company", rows.text(company)) is None:
            raise NotFound(f"There is no company {company.id}.")

    # ---------------------------------------------------------------------- users

    async def user(self, associate_id: int) -> User | None:
        """One user."""
        return self._reader.one(rows.user, "user", associate_id)

    async def active(self, associate_ids: Collection[int]) -> set[int]:
        """Those that are users, and not disabled."""
        return set(self._reader.one(rows.ids, "active", rows.array(associate_ids)) or ())

    async def user_by_id(self, company_id: int, user_id: str) -> User | None:
        """The user with that GUID."""
        return self._reader.one(rows.user, "user_by_id", company_id, user_id)

    async def user_by_email(self, company_id: int, email: str) -> User | None:
        """Without regard to case; None when several have it."""
        return self._reader.one(rows.user, "user_by_email", company_id, rows.folded(email))

    async def user_by_external_id(self, company_id: int, external_id: str) -> User | None:
        """The user another system knows by that id."""
        return self._reader.one(rows.user, "user_by_external_id", company_id, external_id)

    async def user_by_name(self, company_id: int, user_name: str) -> User | None:
        """Without regard to case."""
        return self._reader.one(rows.user, "user_by_name", company_id, rows.folded(user_name))

    async def users(self, company_id: int | None, *, after: int = 0, limit: int = 1000) -> list[User]:
        """A page, in order of associate id."""
        return await self._reader.many(rows.users, "users", company_id, after, limit)

    async def add_user(self, user: User) -> User:
        """The user with the associate id. Raises Conflict naming what is taken."""
        return (await self.add_users([user]))[0]

    async def add_users(self, users: Sequence[User]) -> list[User]:
        """All or nothing."""
        rows_of_users = [_user_row(user) for user in users]

        def work(connection: apsw.Connection) -> list[int]:
            return [connection.execute(SQL["add_user"], row).get for row in rows_of_users]

        ids = await self._writer.run(work)
        return [replace(user, associate_id=id) for user, id in zip(users, ids, strict=True)]

    async def update_user(self, user: User) -> None:
        """Raises NotFound when there is no such user, Conflict naming what is taken."""
        if await self._change("update_user", *_user_row(user)) is None:
            raise NotFound(f"There is no user {user.associate_id}.")

    async def enrol(self, user: User, profile: Profile, group_ids: Sequence[str]) -> User:
        """User, particulars and memberships in one transaction."""
        row, groups = _user_row(user), rows.text(list(group_ids))

        def work(connection: apsw.Connection) -> int:
            id = connection.execute(SQL["update_user" if user.associate_id else "add_user"], row).get
            if id is None:
                raise NotFound(f"There is no user {user.associate_id}.")
            connection.execute(SQL["put_profile"], (rows.text(replace(profile, associate_id=id)),))
            if profile.deleted_at:
                connection.execute(SQL["leave_groups"], (id,))
            else:
                connection.execute(SQL["join_groups"], (groups, id))
            return int(id)

        return replace(user, associate_id=await self._writer.run(work))

    # -------------------------------------------------------------------- devices

    async def devices(self, associate_ids: Sequence[int]) -> list[Device]:
        """In order of owner and id."""
        wanted = rows.array(associate_ids)
        if len(associate_ids) <= _FEW:
            return self._reader.one(rows.devices, "devices", wanted) or []
        return await self._reader.many(rows.devices, "devices", wanted)

    async def put_device(self, device: Device) -> Device:
        """The device with its id. Raises NotFound when its owner is unknown."""
        noun = rows.text(device)

        def work(connection: apsw.Connection) -> int:
            company_id = connection.execute(SQL["device_owner"], (device.associate_id,)).get
            if company_id is None:
                raise NotFound(f"There is no user {device.associate_id} to own a device.")
            connection.execute(SQL["lift"], (noun,))
            connection.execute(SQL["move_token"], (noun, company_id))
            return int(connection.execute(SQL["put_device"], (noun, company_id)).get)

        return replace(device, id=await self._writer.run(work))

    async def remove_device(self, device_id: int) -> None:
        """Forget it; nothing when it is not there."""
        await self._count("remove_device", device_id)

    async def devices_unseen(self, company_id: int | None, *, since: int, limit: int) -> list[Device]:
        """The longest unseen first."""
        return await self._reader.many(rows.devices, "devices_unseen", since, company_id, limit)

    async def prune_devices(self, *, before: int, limit: int) -> int:
        """Remove devices not seen since then; how many."""

        def work(connection: apsw.Connection) -> int:
            connection.execute(SQL["tell_unseen"], (before, limit))
            connection.execute(SQL["prune_devices"], (before, limit))
            return connection.changes()

        return await self._writer.run(work)

    async def wishes(self, associate_id: int) -> str:
        """The tags a user set for all devices."""
        tags: str | None = self._reader.value("wishes", associate_id)
        return tags or ""

    async def put_wishes(self, associate_id: int, tags: str) -> None:
        """For the user and for the devices there are."""

        def work(connection: apsw.Connection) -> None:
            connection.execute(SQL["put_wishes"], (associate_id, tags))
            connection.execute(SQL["spread_wishes"], (associate_id, tags))

        await self._writer.run(work)

    # --------------------------------------------------------------- suppressions

    async def suppress(self, channel: str, address: str, *, reason: str, now: int) -> None:
        """Never use this address on this channel again, and forget the devices that have it."""

        def work(connection: apsw.Connection) -> None:
            connection.execute(SQL["suppress"], (channel, address, reason, now))
            connection.execute(SQL["tell_token"], (address, reason, now))
            connection.execute(SQL["forget_token"], (address,))

        await self._writer.run(work)

    async def dead(self, channel: str, addresses: Collection[str]) -> dict[str, str]:
        """Those that may not be used, and the reasons."""
        return self._reader.one(rows.reasons, "dead", channel, rows.text(list(addresses))) or {}

    # -------------------------------------------------------------------- tickets

    async def put_ticket(self, ticket: Ticket) -> None:
        """Keep a ticket."""
        await self._count("put_ticket", rows.text(ticket))

    async def ticket(self, hash: bytes) -> Ticket | None:
        """One ticket."""
        return self._reader.one(rows.ticket, "ticket", rows.binary(hash))

    async def touch_ticket(self, hash: bytes, *, valid_to: int) -> None:
        """Give it a new end, 0 for ever; nothing when it is not there, or was ended."""
        await self._count("touch_ticket", rows.binary(hash), valid_to)

    async def revoke_tickets(self, associate_id: int) -> int:
        """End all of a user's; how many."""
        return await self._count("revoke_tickets", associate_id)

    async def prune_tickets(self, *, now: int) -> int:
        """Forget those that have ended; how many."""
        return await self._count("prune_tickets", now)

    # ------------------------------------------------------------------- the ways

    async def _change(self, name: str, *arguments: object) -> int | None:
        """Run one statement; the id it returns."""
        return await self._writer.run(lambda connection: connection.execute(SQL[name], arguments).get)

    async def _count(self, name: str, *arguments: object) -> int:
        """Run one statement; how many rows it changed."""

        def work(connection: apsw.Connection) -> int:
            connection.execute(SQL[name], arguments)
            return connection.changes()

        return await self._writer.run(work)


def _user_row(user: User) -> tuple[str, str, str]:
    return rows.text(user), rows.folded(user.user_name), rows.folded(user.email)
