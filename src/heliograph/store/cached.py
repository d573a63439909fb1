"""A directory that remembers what every call asks: the company, the user, the ticket, the devices."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from heliograph.core.people import Company, Device, Ticket, User
from heliograph.core.ports import Clock, Directory
from heliograph.core.roster import Profile

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
MOST = 10_000  # answers remembered of each kind; the one not asked for longest goes first


class Memory(Generic[K, V]):
    """Answers of one kind, each good for a while; that there is nothing is an answer too."""

    def __init__(self, clock: Clock, seconds: float, most: int) -> None:
        self._monotonic = clock.monotonic
        self._seconds = seconds
        self._most = most
        self._answers: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._era = 0

    def get(self, key: K) -> tuple[float, V] | None:
        """When the answer ends, and the answer; None when it is not known or has ended."""
        found = self._answers.get(key)
        if found is None or found[0] <= self._monotonic():
            return None
        self._answers.move_to_end(key)
        return found

    async def ask(self, key: K, read: Callable[[], Awaitable[V]]) -> V:
        """Read, and remember unless something was forgotten meanwhile: what was read may be from before that write."""
        era = self._era
        value = await read()
        self.put(key, value, era)
        return value

    def put(self, key: K, value: V, era: int) -> None:
        """Remember an answer that was read in that era."""
        if era == self._era and self._seconds > 0:
            self._answers[key] = (self._monotonic() + self._seconds, value)
            self._answers.move_to_end(key)
            if len(self._answers) > self._most:
                self._answers.popitem(last=False)

    @property
    def era(self) -> int:
        """Grows each time something is forgotten."""
        return self._era

    def forget(self, *keys: K) -> None:
        """Forget these answers; without any, all."""
        self._era += 1
        if not keys:
            self._answers.clear()
        for key in keys:
            self._answers.pop(key, None)


class CachedDirectory:
    """Port `Directory`, over another one. A write through this one is seen at once; another process's after `seconds`."""

    def __init__(self, directory: Directory, clock: Clock, seconds: float, *, most: int = MOST) -> None:
        self._directory = directory
        self._company: Memory[int, Company | None] = Memory(clock, seconds, most)
        self._companies: Memory[None, list[Company]] = Memory(clock, seconds, most)
        self._users: Memory[tuple[str, int, str], User | None] = Memory(clock, seconds, most)
        self._devices: Memory[int, list[Device]] = Memory(clock, seconds, most)
        self._tickets: Memory[bytes, Ticket | None] = Memory(clock, seconds, most)

    # ------------------------------------------------------------------ companies

    async def company(self, company_id: int) -> Company | None:
        """One company."""
        if (known := self._company.get(company_id)) is not None:
            return known[1]
        return await self._company.ask(company_id, lambda: self._directory.company(company_id))

    async def companies(self) -> list[Company]:
        """All, in order of id."""
        if (known := self._companies.get(None)) is not None:
            return list(known[1])
        return list(await self._companies.ask(None, self._directory.companies))

    async def add_company(self, company: Company) -> Company:
        """The company with its id."""
        async with _writing(self._company, self._companies):
            return await self._directory.add_company(company)

    async def update_company(self, company: Company) -> None:
        """The company as it is to be from now on."""
        async with _writing(self._company, self._companies):
            await self._directory.update_company(company)

    # ---------------------------------------------------------------------- users

    async def user(self, associate_id: int) -> User | None:
        """One user."""
        key = ("associate", associate_id, "")
        if (known := self._users.get(key)) is not None:
            return known[1]
        return await self._users.ask(key, lambda: self._directory.user(associate_id))

    async def active(self, associate_ids: Collection[int]) -> set[int]:
        """Those that are users, and not disabled; never remembered, as many are asked for at once."""
        return await self._directory.active(associate_ids)

    async def user_by_id(self, company_id: int, user_id: str) -> User | None:
        """The user with that GUID."""
        key = ("id", company_id, user_id)
        if (known := self._users.get(key)) is not None:
            return known[1]
        return await self._users.ask(key, lambda: self._directory.user_by_id(company_id, user_id))

    async def user_by_email(self, company_id: int, email: str) -> User | None:
        """Without regard to case; None when several have it."""
        key = ("email", company_id, email)
        if (known := self._users.get(key)) is not None:
            return known[1]
        return await self._users.ask(key, lambda: self._directory.user_by_email(company_id, email))

    async def user_by_external_id(self, company_id: int, external_id: str) -> User | None:
        """The user another system knows by that id."""
        key = ("external", company_id, external_id)
        if (known := self._users.get(key)) is not None:
            return known[1]
        return await self._users.ask(key, lambda: self._directory.user_by_external_id(company_id, external_id))

    async def user_by_name(self, company_id: int, user_name: str) -> User | None:
        """Without regard to case."""
        key = ("name", company_id, user_name)
        if (known := self._users.get(key)) is not None:
            return known[1]
        return await self._users.ask(key, lambda: self._directory.user_by_name(company_id, user_name))

    async def users(self, company_id: int | None, *, after: int = 0, limit: int = 1000) -> list[User]:
        """A page; never remembered."""
        return await self._directory.users(company_id, after=after, limit=limit)

    async def add_user(self, user: User) -> User:
        """The user with the associate id."""
        async with _writing(self._users):
            return await self._directory.add_user(user)

    async def add_users(self, users: Sequence[User]) -> list[User]:
        """All or nothing."""
        async with _writing(self._users):
            return await self._directory.add_users(users)

    async def update_user(self, user: User) -> None:
        """The user as he or she is to be from now on."""
        async with _writing(self._users):
            await self._directory.update_user(user)

    async def enrol(self, user: User, profile: Profile, group_ids: Sequence[str]) -> User:
        """The user with the associate id."""
        async with _writing(self._users):
            return await self._directory.enrol(user, profile, group_ids)

    # -------------------------------------------------------------------- devices

    async def devices(self, associate_ids: Sequence[int]) -> list[Device]:
        """In order of owner and id; those of owners not remembered are read together."""
        owners = sorted(set(associate_ids))
        known = {id: found[1] for id in owners if (found := self._devices.get(id)) is not None}
        unknown = [id for id in owners if id not in known]
        if unknown:
            era = self._devices.era
            read = await self._directory.devices(unknown)
            for id in unknown:
                known[id] = [device for device in read if device.associate_id == id]
                self._devices.put(id, known[id], era)
        return [device for id in owners for device in known[id]]

    async def put_device(self, device: Device) -> Device:
        """The device with its id. It may have been another owner's: all are forgotten."""
        async with _writing(self._devices):
            return await self._directory.put_device(device)

    async def remove_device(self, device_id: int) -> None:
        """Forget it."""
        async with _writing(self._devices):
            await self._directory.remove_device(device_id)

    async def devices_unseen(self, company_id: int | None, *, since: int, limit: int) -> list[Device]:
        """A page; never remembered."""
        return await self._directory.devices_unseen(company_id, since=since, limit=limit)

    async def prune_devices(self, *, before: int, limit: int) -> int:
        """Remove devices not seen since then; how many."""
        async with _writing(self._devices):
            return await self._directory.prune_devices(before=before, limit=limit)

    async def wishes(self, associate_id: int) -> str:
        """The tags a user set; never remembered."""
        return await self._directory.wishes(associate_id)

    async def put_wishes(self, associate_id: int, tags: str) -> None:
        """For the user and for the devices there are."""
        async with _writing(self._devices):
            await self._directory.put_wishes(associate_id, tags)

    # --------------------------------------------------------------- suppressions

    async def suppress(self, channel: str, address: str, *, reason: str, now: int) -> None:
        """Never use this address on this channel again, and forget the devices that have it."""
        async with _writing(self._devices):
            await self._directory.suppress(channel, address, reason=reason, now=now)

    async def dead(self, channel: str, addresses: Collection[str]) -> dict[str, str]:
        """Those that may not be used, and the reasons; never remembered, as many are asked for at once."""
        return await self._directory.dead(channel, addresses)

    # -------------------------------------------------------------------- tickets

    async def put_ticket(self, ticket: Ticket) -> None:
        """Keep a ticket."""
        async with _writing(self._tickets, key=ticket.hash):
            await self._directory.put_ticket(ticket)

    async def ticket(self, hash: bytes) -> Ticket | None:
        """One ticket."""
        if (known := self._tickets.get(hash)) is not None:
            return known[1]
        return await self._tickets.ask(hash, lambda: self._directory.ticket(hash))

    async def touch_ticket(self, hash: bytes, *, valid_to: int) -> None:
        """Give it a new end."""
        async with _writing(self._tickets, key=hash):
            await self._directory.touch_ticket(hash, valid_to=valid_to)

    async def revoke_tickets(self, associate_id: int) -> int:
        """End all of a user's; how many."""
        async with _writing(self._tickets):
            return await self._directory.revoke_tickets(associate_id)

    async def prune_tickets(self, *, now: int) -> int:
        """Forget those that have ended; how many."""
        async with _writing(self._tickets):
            return await self._directory.prune_tickets(now=now)


@asynccontextmanager
async def _writing(*memories: Memory[Any, Any], key: Hashable = None) -> AsyncIterator[None]:
    """Forget what a write may change, once it is over and however it ended."""
    try:
        yield
    finally:
        for memory in memories:
            memory.forget(*(() if key is None else (key,)))
