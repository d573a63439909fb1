"""The port to companies, users, their devices, the addresses we must not use, and tickets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from heliograph.core.people import Company, Device, Ticket, User
from heliograph.core.roster import Profile


class Directory(Protocol):
    """Companies, users, devices, addresses we must not use, tickets."""

    async def company(self, company_id: int) -> Company | None: ...
    async def companies(self) -> list[Company]: ...
    async def add_company(self, company: Company) -> Company:
        """`id` 0 asks for the next free one. Raises Conflict when the id is taken."""

    async def update_company(self, company: Company) -> None: ...

    async def user(self, associate_id: int) -> User | None: ...
    async def active(self, associate_ids: Collection[int]) -> set[int]:
        """Those that are users, and not disabled."""

    async def user_by_id(self, company_id: int, user_id: str) -> User | None: ...
    async def user_by_email(self, company_id: int, email: str) -> User | None:
        """Without regard to case. None when nobody, or more than one, has it."""

    async def user_by_external_id(self, company_id: int, external_id: str) -> User | None: ...
    async def user_by_name(self, company_id: int, user_name: str) -> User | None:
        """Without regard to case."""

    async def users(self, company_id: int | None, *, after: int = 0, limit: int = 1000) -> list[User]:
        """In order of associate id, from after `after`."""

    async def add_user(self, user: User) -> User:
        """`associate_id` 0 asks for the next free one. Raises Conflict naming what is taken (name, id, external id)."""

    async def add_users(self, users: Sequence[User]) -> list[User]:
        """All or nothing, in one transaction."""

    async def update_user(self, user: User) -> None: ...

    async def enrol(self, user: User, profile: Profile, group_ids: Sequence[str]) -> User:
        """A user with particulars, made a member of these groups too: all in one transaction, or nothing of it.

        `associate_id` 0 adds the user, any other puts this one in the place of the one before; the profile's is set here.
        Who is marked as deleted leaves all groups; a group that is gone is passed over. Raises Conflict naming what is
        taken, NotFound when there is no such user.
        """

    async def devices(self, associate_ids: Sequence[int]) -> list[Device]: ...
    async def put_device(self, device: Device) -> Device:
        """Add (`id` 0), or replace the one with the same identifier in the company, moving it to its new owner.

        Its token is alive again: whatever suppressed it is lifted. Another device of the company with the same token on
        the same platform is removed: a token is one app on one device, and belongs to whoever registered last.
        """

    async def remove_device(self, device_id: int) -> None: ...

    async def devices_unseen(self, company_id: int | None, *, since: int, limit: int) -> list[Device]:
        """Devices not seen since then, the longest unseen first."""

    async def prune_devices(self, *, before: int, limit: int) -> int:
        """Remove devices not seen since then; how many."""

    async def wishes(self, associate_id: int) -> str:
        """The tags a user set for all devices, those to come included; empty when none."""

    async def put_wishes(self, associate_id: int, tags: str) -> None:
        """Keep the tags of a user, and give them to all of the user's devices, in one transaction."""

    async def suppress(self, channel: str, address: str, *, reason: str, now: int) -> None:
        """Never use this address on this channel again; devices that have it as their token are removed."""

    async def dead(self, channel: str, addresses: Collection[str]) -> dict[str, str]:
        """Those of the addresses that may not be used on this channel, and the reasons."""

    async def put_ticket(self, ticket: Ticket) -> None: ...
    async def ticket(self, hash: bytes) -> Ticket | None: ...

    async def touch_ticket(self, hash: bytes, *, valid_to: int) -> None:
        """Give it a new end. 0 ends it for good: a call that was under way then must not bring it back."""

    async def revoke_tickets(self, associate_id: int) -> int: ...
    async def prune_tickets(self, *, now: int) -> int: ...
