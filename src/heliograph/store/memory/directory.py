"""Companies, users, devices, suppressions and tickets over dicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace

from heliograph.core.errors import Conflict, NotFound
from heliograph.core.people import Company, Device, Ticket, User
from heliograph.core.roster import Profile
from heliograph.store.memory.tables import Tables
from heliograph.store.memory.webhooks import UNSEEN, tell_pruned


class MemoryDirectory:
    """Port `Directory`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    # ------------------------------------------------------------------ companies

    async def company(self, company_id: int) -> Company | None:
        """One company."""
        return self._tables.open().companies.get(company_id)

    async def companies(self) -> list[Company]:
        """All, in order of id."""
        return sorted(self._tables.open().companies.values(), key=lambda company: company.id)

    async def add_company(self, company: Company) -> Company:
        """The company with its id. Raises Conflict when the id is taken."""
        companies = self._tables.open().companies
        added = replace(company, id=company.id or max(companies, default=0) + 1)
        if added.id in companies:
            raise Conflict("This company id is taken.")
        companies[added.id] = added
        return added

    async def update_company(self, company: Company) -> None:
        """Raises NotFound when there is no such company."""
        companies = self._tables.open().companies
        if company.id not in companies:
            raise NotFound(f"There is no company {company.id}.")
        companies[company.id] = company

    # ---------------------------------------------------------------------- users

    async def user(self, associate_id: int) -> User | None:
        """One user."""
        return self._tables.open().users.get(associate_id)

    async def active(self, associate_ids: Collection[int]) -> set[int]:
        """Those that are users, and not disabled."""
        users = self._tables.open().users
        return {id for id in associate_ids if id in users and users[id].active}

    async def user_by_id(self, company_id: int, user_id: str) -> User | None:
        """The user with that GUID."""
        return self._only(company_id, lambda user: user.user_id == user_id)

    async def user_by_email(self, company_id: int, email: str) -> User | None:
        """Without regard to case; None when several have it."""
        wanted = email.casefold()
        return self._only(company_id, lambda user: user.email != "" and user.email.casefold() == wanted)

    async def user_by_external_id(self, company_id: int, external_id: str) -> User | None:
        """The user another system knows by that id."""
        return self._only(company_id, lambda user: user.external_id != "" and user.external_id == external_id)

    async def user_by_name(self, company_id: int, user_name: str) -> User | None:
        """Without regard to case."""
        wanted = user_name.casefold()
        return self._only(company_id, lambda user: user.user_name.casefold() == wanted)

    async def users(self, company_id: int | None, *, after: int = 0, limit: int = 1000) -> list[User]:
        """A page, in order of associate id."""
        users = sorted(self._tables.open().users.values(), key=lambda user: user.associate_id)
        return [u for u in users if u.associate_id > after and company_id in (None, u.company_id)][:limit]

    async def add_user(self, user: User) -> User:
        """The user with the associate id. Raises Conflict naming what is taken."""
        return (await self.add_users([user]))[0]

    async def add_users(self, users: Sequence[User]) -> list[User]:
        """All or nothing."""
        t = self._tables.open()
        grown = dict(t.users)
        added = []
        for user in users:
            new = replace(user, associate_id=user.associate_id or max(grown, default=0) + 1)
            if new.associate_id in grown:
                raise Conflict("This associate id is taken.")
            _check_free(new, grown)
            grown[new.associate_id] = new
            added.append(new)
        t.users = grown
        return added

    async def update_user(self, user: User) -> None:
        """Raises NotFound when there is no such user, Conflict naming what is taken."""
        users = self._tables.open().users
        if user.associate_id not in users:
            raise NotFound(f"There is no user {user.associate_id}.")
        _check_free(user, users)
        users[user.associate_id] = user

    async def enrol(self, user: User, profile: Profile, group_ids: Sequence[str]) -> User:
        """User, particulars and memberships; nothing of it when the user cannot be kept."""
        if user.associate_id:
            await self.update_user(user)
        else:
            user = await self.add_user(user)
        t = self._tables
        t.profiles[user.associate_id] = replace(profile, associate_id=user.associate_id)
        for id, group in t.groups.items():
            members = set(group.members)
            if profile.deleted_at:
                members.discard(user.associate_id)
            elif id in group_ids:
                members.add(user.associate_id)
            t.groups[id] = replace(group, members=tuple(sorted(members)))
        return user

    def _only(self, company_id: int, fits: Callable[[User], bool]) -> User | None:
        found = [user for user in self._tables.open().users.values() if user.company_id == company_id and fits(user)]
        return found[0] if len(found) == 1 else None

    # -------------------------------------------------------------------- devices

    async def devices(self, associate_ids: Sequence[int]) -> list[Device]:
        """In order of owner and id."""
        found = [d for d in self._tables.open().devices.values() if d.associate_id in set(associate_ids)]
        return sorted(found, key=lambda device: (device.associate_id, device.id))

    async def put_device(self, device: Device) -> Device:
        """The device with its id. Raises NotFound when its owner is unknown."""
        t = self._tables.open()
        owner = t.users.get(device.associate_id)
        if owner is None:
            raise NotFound(f"There is no user {device.associate_id} to own a device.")
        known = [
            other.id
            for other in t.devices.values()
            if other.identifier == device.identifier and t.users[other.associate_id].company_id == owner.company_id
        ]
        put = replace(device, id=known[0] if known else device.id or t.next_device)
        t.next_device = max(t.next_device, put.id + 1)
        t.devices[put.id] = put
        t.devices = {
            id: other
            for id, other in t.devices.items()
            if (other.handle, other.platform) != (put.handle, put.platform)
            or other.identifier == put.identifier
            or t.users[other.associate_id].company_id != owner.company_id
        }
        t.suppressions = {key: reason for key, reason in t.suppressions.items() if key[1] != put.handle}
        return put

    async def remove_device(self, device_id: int) -> None:
        """Forget it; nothing when it is not there."""
        self._tables.open().devices.pop(device_id, None)

    async def devices_unseen(self, company_id: int | None, *, since: int, limit: int) -> list[Device]:
        """The longest unseen first."""
        t = self._tables.open()
        found = [
            device
            for device in t.devices.values()
            if device.last_seen < since and company_id in (None, t.users[device.associate_id].company_id)
        ]
        return sorted(found, key=lambda device: (device.last_seen, device.id))[:limit]

    async def prune_devices(self, *, before: int, limit: int) -> int:
        """Remove devices not seen since then; how many."""
        unseen = await self.devices_unseen(None, since=before, limit=limit)
        for device in unseen:
            tell_pruned(self._tables, device, UNSEEN, 0)
            del self._tables.devices[device.id]
        return len(unseen)

    async def wishes(self, associate_id: int) -> str:
        """The tags a user set for all devices."""
        return self._tables.open().wishes.get(associate_id, "")

    async def put_wishes(self, associate_id: int, tags: str) -> None:
        """For the user and for the devices there are."""
        t = self._tables.open()
        t.wishes[associate_id] = tags
        t.devices = {
            id: replace(device, tags=tags) if device.associate_id == associate_id else device
            for id, device in t.devices.items()
        }

    # --------------------------------------------------------------- suppressions

    async def suppress(self, channel: str, address: str, *, reason: str, now: int) -> None:
        """Never use this address on this channel again, and forget the devices that have it."""
        t = self._tables.open()
        t.suppressions[channel, address] = reason
        for device in t.devices.values():
            if device.handle == address:
                tell_pruned(t, device, reason, now)
        t.suppressed_at[channel, address] = now
        t.devices = {id: device for id, device in t.devices.items() if device.handle != address}

    async def dead(self, channel: str, addresses: Collection[str]) -> dict[str, str]:
        """Those that may not be used, and the reasons."""
        known = self._tables.open().suppressions
        return {address: known[channel, address] for address in addresses if (channel, address) in known}

    # -------------------------------------------------------------------- tickets

    async def put_ticket(self, ticket: Ticket) -> None:
        """Keep a ticket."""
        self._tables.open().tickets[ticket.hash] = ticket

    async def ticket(self, hash: bytes) -> Ticket | None:
        """One ticket."""
        return self._tables.open().tickets.get(hash)

    async def touch_ticket(self, hash: bytes, *, valid_to: int) -> None:
        """Give it a new end, 0 for ever; nothing when it is not there, or was ended."""
        tickets = self._tables.open().tickets
        if hash in tickets and tickets[hash].valid_to:
            tickets[hash] = replace(tickets[hash], valid_to=valid_to)

    async def revoke_tickets(self, associate_id: int) -> int:
        """End all of a user's; how many."""
        return self._forget(lambda ticket: ticket.associate_id == associate_id)

    async def prune_tickets(self, *, now: int) -> int:
        """Forget those that have ended; how many."""
        return self._forget(lambda ticket: ticket.valid_to <= now)

    def _forget(self, fits: Callable[[Ticket], bool]) -> int:
        tickets = self._tables.open().tickets
        ended = [hash for hash, ticket in tickets.items() if fits(ticket)]
        for hash in ended:
            del tickets[hash]
        return len(ended)


def _check_free(user: User, users: dict[int, User]) -> None:
    for other in users.values():
        if other.associate_id == user.associate_id:
            continue
        if other.user_id == user.user_id:
            raise Conflict("This user id is taken.")
        if other.company_id != user.company_id:
            continue
        if other.user_name.casefold() == user.user_name.casefold():
            raise Conflict("This user name is taken.")
        if user.external_id and other.external_id == user.external_id:
            raise Conflict("This external id is taken.")
