"""The operator's administration of companies and users. Secrets are handed back once and kept only as hashes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from heliograph.core.errors import Conflict, InvalidArgument, NotFound
from heliograph.core.people import Company, Role, User
from heliograph.core.ports import Clock, Directory, Passwords
from heliograph.intake.accounts import (
    UserDraft,
    checked,
    company_name,
    new_integration_key,
    new_password,
    new_user_id,
    password_complaint,
)
from heliograph.intake.sign_in import Entropy, secret_hash


class NewCompany(msgspec.Struct, frozen=True):
    """A company just added; nobody can be told its key again."""

    company: Company
    integration_key: str


class NewUser(msgspec.Struct, frozen=True):
    """A user just added, with the password that was given or made."""

    user: User
    password: str


class People:
    """What an operator may do with companies and users."""

    def __init__(self, directory: Directory, passwords: Passwords, clock: Clock, entropy: Entropy) -> None:
        self._directory = directory
        self._passwords = passwords
        self._clock = clock
        self._entropy = entropy

    # ------------------------------------------------------------------ companies

    async def add_company(self, name: str, *, company_id: int = 0) -> NewCompany:
        """Add a company; `company_id` 0 takes the next free one. Raises InvalidArgument, or Conflict when it is taken."""
        if company_id < 0:
            raise InvalidArgument("A company id is positive.", field="company_id")
        key = new_integration_key(self._entropy)
        company = Company(
            id=company_id, name=company_name(name), key_hash=secret_hash(key), created_at=self._clock.now()
        )
        return NewCompany(await self._directory.add_company(company), key)

    async def companies(self) -> list[Company]:
        """All of them, the lowest id first."""
        return sorted(await self._directory.companies(), key=lambda company: company.id)

    async def company(self, company_id: int | None) -> Company:
        """That company; with None the only one there is. Raises NotFound, or InvalidArgument when one must be named."""
        if company_id is not None:
            found = await self._directory.company(company_id)
            if found is None:
                raise NotFound(f"There is no company {company_id}.")
            return found
        everyone = await self.companies()
        if not everyone:
            raise NotFound("There is no company yet.")
        if len(everyone) > 1:
            ids = ", ".join(f"{company.id} ({company.name})" for company in everyone[:20])
            raise InvalidArgument(f"There are several companies; say which: {ids}.", field="company")
        return everyone[0]

    async def rotate_key(self, company_id: int) -> NewCompany:
        """Give the company a new integration key; the old one ends at once. Raises NotFound."""
        company = await self.company(company_id)
        key = new_integration_key(self._entropy)
        company = msgspec.structs.replace(company, key_hash=secret_hash(key))
        await self._directory.update_company(company)
        return NewCompany(company, key)

    # ---------------------------------------------------------------------- users

    async def add_user(self, company_id: int, draft: UserDraft) -> NewUser:
        """Add a user; without a password one is made. Raises InvalidArgument, NotFound (company) or Conflict."""
        await self.company(company_id)
        draft = checked(draft)
        draft = msgspec.structs.replace(draft, password=draft.password or new_password(self._entropy))
        user = await self.prepared(company_id, draft)
        return NewUser(await self._directory.add_user(user), draft.password)

    async def prepared(self, company_id: int, draft: UserDraft) -> User:
        """A checked draft as a user who is not stored yet; without a password the user cannot sign in."""
        return User(
            associate_id=0,
            company_id=company_id,
            user_id=new_user_id(self._entropy),
            user_name=draft.user_name,
            email=draft.email,
            external_id=draft.external_id,
            phone=draft.phone,
            full_name=draft.full_name,
            role=Role(draft.role),
            password_hash=await self._passwords.hash(draft.password) if draft.password else "",
            created_at=self._clock.now(),
        )

    async def refuse_taken(self, company_id: int, draft: UserDraft) -> None:
        """Raises Conflict naming the member that another user of the company has."""
        if await self._directory.user_by_name(company_id, draft.user_name):
            raise Conflict("user_name is taken.")
        if draft.external_id and await self._directory.user_by_external_id(company_id, draft.external_id):
            raise Conflict("external_id is taken.")

    async def store(self, users: Sequence[User]) -> list[User]:
        """Add prepared users, all or none. Raises Conflict."""
        return await self._directory.add_users(users)

    async def users(self, company_id: int | None = None, *, after: int = 0, limit: int = 1000) -> list[User]:
        """In order of associate id, from after `after`; None is every company's."""
        return await self._directory.users(company_id, after=after, limit=limit)

    async def find(self, company_id: int | None, who: str) -> User:
        """A user by name, e-mail, user id, external id or associate id. Raises NotFound."""
        company = await self.company(company_id)
        look = self._directory
        user = await look.user_by_name(company.id, who) or await look.user_by_email(company.id, who)
        user = user or await look.user_by_id(company.id, who.replace("-", "").lower())
        user = user or await look.user_by_external_id(company.id, who)
        if user is None and who.isascii() and who.isdecimal() and len(who) < 19:
            user = await look.user(int(who))
        if user is None or user.company_id != company.id:
            raise NotFound(f"Nobody in {company.name} goes by {who[:100]!r}.")
        return user

    async def set_password(self, user: User, password: str = "") -> NewUser:
        """Set a password, or make one; every ticket of the user ends. Raises InvalidArgument."""
        if password and (reason := password_complaint(password)):
            raise InvalidArgument(reason, field="password")
        password = password or new_password(self._entropy)
        hashed = await self._passwords.hash(password)  # which takes so long that the user may have changed meanwhile
        user = msgspec.structs.replace(await self._directory.user(user.associate_id) or user, password_hash=hashed)
        await self._directory.update_user(user)
        await self._directory.revoke_tickets(user.associate_id)
        return NewUser(user, password)

    async def set_active(self, user: User, active: bool) -> User:
        """Enable or disable a user. A disabled one receives nothing, and all tickets end."""
        user = msgspec.structs.replace(await self._directory.user(user.associate_id) or user, active=active)
        await self._directory.update_user(user)
        await self._directory.revoke_tickets(user.associate_id)
        return user

    async def revoke_tickets(self, user: User) -> int:
        """End every sign-in of the user; how many there were."""
        return await self._directory.revoke_tickets(user.associate_id)
