"""What is told of users and companies beyond what sending needs: particulars, and groups of users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from heliograph.core.people import User


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A user's particulars. A user without any has none kept."""

    associate_id: int
    first_name: str = ""
    last_name: str = ""
    country: str = ""
    time_zone: str = ""
    updated_at: int = 0  # ms since the epoch
    deleted_at: int = 0  # not 0: the user was deleted, and is no longer told of


class CompanyProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A company's particulars."""

    company_id: int
    description: str = ""
    country: str = ""
    time_zone: str = ""
    notices_to: str = ""  # the address for notices about the account
    updated_at: int = 0


class UserGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Users of one company under one name."""

    group_id: str  # 32 hex digits, lower case
    company_id: int
    name: str
    external_id: str = ""
    members: tuple[int, ...] = ()  # associate ids, in ascending order
    created_at: int = 0


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a search looks for: each that is not empty must fit. Names fit where they contain the text."""

    name: str = ""
    email: str = ""
    external_id: str = ""
    active: bool | None = None

    def fits(self, user: User) -> bool:
        """Without regard to case, external ids excepted."""
        name = self.name.casefold()
        return (
            (not name or name in user.full_name.casefold() or name in user.user_name.casefold())
            and (not self.email or self.email.casefold() == user.email.casefold())
            and (not self.external_id or self.external_id == user.external_id)
            and self.active in (None, user.active)
        )


class Roster(Protocol):
    """Particulars and groups, kept. Raises Unavailable, as the store's ports do."""

    async def profiles(self, associate_ids: Sequence[int]) -> list[Profile]:
        """Those that there are, in order of associate id."""

    async def search(self, company_id: int, sought: Sought, *, skip: int, limit: int) -> list[User]:
        """Users of the company that fit and are not deleted, in order of associate id, without the first `skip`."""

    async def put_profile(self, profile: Profile) -> None:
        """Keep it in the place of the one before; a deleted user leaves all groups with it."""

    async def company_profile(self, company_id: int) -> CompanyProfile | None: ...

    async def put_company_profile(self, profile: CompanyProfile) -> None:
        """Keep it in the place of the one before."""

    async def groups(self, company_id: int) -> list[UserGroup]:
        """All of a company's, by name without regard to case, then by id."""

    async def add_group(self, group: UserGroup) -> None:
        """Raises Conflict when the id, the name (without regard to case) or the external id is taken in the company."""

    async def update_group(self, group: UserGroup) -> None:
        """Name, external id and members as they are now. Raises NotFound, or Conflict as `add_group` does."""

    async def remove_group(self, group_id: str) -> bool:
        """Whether it was there."""
