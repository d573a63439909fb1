"""A company's own administration of its users: who may do it, particulars, deleting, searching."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from heliograph.core.errors import InvalidArgument, NotAllowed, UnknownRecipient
from heliograph.core.people import Caller, Role, User
from heliograph.core.ports import Clock, Directory, Turns
from heliograph.core.roster import Profile, Roster, Sought, UserGroup
from heliograph.intake.accounts import UserDraft, checked
from heliograph.intake.people import People


class Person(msgspec.Struct, frozen=True):
    """A user with particulars."""

    user: User
    profile: Profile


class Particulars(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a user; None leaves a member as it is (when adding: empty)."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    external_id: str | None = None
    password: str | None = None
    country: str | None = None
    time_zone: str | None = None
    role: Role | None = None
    active: bool | None = None


def allow(caller: Caller, user: User | None = None) -> None:
    """Raises NotAllowed unless the caller may administer the company's users; administrators only administrators may touch.

    An integration key lies in many programs: whoever finds one must not become an administrator by it.
    """
    if caller.associate_id is not None and not caller.administrator:
        raise NotAllowed("Only administrators may do this.")
    if caller.associate_id is None and user is not None and user.role is Role.ADMINISTRATOR:
        raise NotAllowed("An integration key may not make or change administrators: sign in as one.")


class RosterService:
    """What a company's administrators, and programs with its key, may do with its users."""

    def __init__(self, directory: Directory, people: People, roster: Roster, clock: Clock, turns: Turns) -> None:
        self._directory = directory
        self._people = people
        self._roster = roster
        self._clock = clock
        self._turns = turns

    async def add(self, caller: Caller, said: Particulars, groups: Sequence[UserGroup] = ()) -> Person:
        """A new user, whose name for signing in is the e-mail address, in these groups: all kept, or nothing of it.

        Raises NotAllowed, InvalidArgument naming the fields, Conflict for what is taken.
        """
        draft = checked(
            UserDraft(
                user_name=said.email or "",
                email=said.email or "",
                external_id=said.external_id or "",
                full_name=_full_name(said.first_name or "", said.last_name or ""),
                password=said.password or "",
                role=said.role or Role.USER,
            )
        )
        user = await self._people.prepared(caller.company_id, draft)
        allow(caller, user)
        profile = self._profile(Profile(associate_id=0), said)
        user = replace(user, active=said.active is not False)
        user = await self._directory.enrol(user, profile, [group.group_id for group in groups])
        return Person(user, replace(profile, associate_id=user.associate_id))

    async def find(self, caller: Caller, *, user_id: str = "", email: str = "", external_id: str = "") -> Person:
        """By the first of these that is given. Raises NotAllowed, UnknownRecipient."""
        allow(caller)
        company = caller.company_id
        if user_id:
            user = await self._directory.user_by_id(company, user_id)
        elif email:
            user = await self._directory.user_by_email(company, email)
        else:
            user = await self._directory.user_by_external_id(company, external_id)
        if user is not None:
            person = (await self._people_of([user]))[0]
            if not person.profile.deleted_at:
                return person
        field = "Id" if user_id else "Email" if email else "ExternalId"
        raise UnknownRecipient(f"{field} names no user of this company.", field=field)

    async def change(
        self, caller: Caller, person: Person, said: Particulars, groups: Sequence[UserGroup] = ()
    ) -> Person:
        """The user as he or she is from now on, in these groups too; a new password or an end of being active ends all tickets.

        Raises NotAllowed, InvalidArgument naming the fields, Conflict for what is taken, UnknownRecipient for one who was
        deleted meanwhile.
        """
        async with self._turns.alone(("user", person.user.associate_id)):
            person = await self._as_of_now(person)
            allow(caller, person.user)
            changed = self._changed(person, said)
            allow(caller, changed)
            if caller.associate_id == changed.associate_id and not changed.active:
                raise NotAllowed("Nobody may retire himself or herself.")
            profile = self._profile(person.profile, said)
            await self._directory.enrol(changed, profile, [group.group_id for group in groups])
        if said.password:
            changed = (await self._people.set_password(changed, said.password)).user
        elif not changed.active:
            changed = await self._people.set_active(changed, False)
        return Person(changed, profile)

    async def delete(self, caller: Caller, person: Person) -> None:
        """Nothing of the user is kept but the number; name, address and external id may be used again."""
        allow(caller, person.user)
        user = person.user
        if caller.associate_id == user.associate_id:
            raise NotAllowed("Nobody may delete himself or herself.")
        for device in await self._directory.devices([user.associate_id]):
            await self._directory.remove_device(device.id)
        bare = User(
            associate_id=user.associate_id,
            company_id=user.company_id,
            user_id=user.user_id,
            user_name=f"deleted-{user.user_id}",
            active=False,
            created_at=user.created_at,
        )
        now = self._clock.now()
        profile = Profile(associate_id=user.associate_id, updated_at=now, deleted_at=now)
        async with self._turns.alone(("user", person.user.associate_id)):
            await self._directory.enrol(bare, profile, ())
        await self._people.revoke_tickets(bare)

    async def search(self, caller: Caller, sought: Sought, *, page: int, size: int) -> list[Person]:
        """One page of those that fit, in order of associate id; `page` counts from 0. Raises NotAllowed."""
        allow(caller)
        found = await self._roster.search(caller.company_id, sought, skip=page * size, limit=size)
        return await self._people_of(found)

    async def _as_of_now(self, person: Person) -> Person:
        user = await self._directory.user(person.user.associate_id)
        [now] = await self._people_of([user or person.user])
        if user is None or now.profile.deleted_at:
            raise UnknownRecipient("The user was deleted.", field="Id")
        return now

    async def _people_of(self, users: Sequence[User]) -> list[Person]:
        """Users with their particulars; those without any have their name split before its last word."""
        profiles = {p.associate_id: p for p in await self._roster.profiles([user.associate_id for user in users])}
        return [Person(user, profiles.get(user.associate_id) or _split(user)) for user in users]

    def _changed(self, person: Person, said: Particulars) -> User:
        user, profile = person.user, person.profile
        email = user.email if said.email is None else said.email
        first = profile.first_name if said.first_name is None else said.first_name
        last = profile.last_name if said.last_name is None else said.last_name
        draft = checked(
            UserDraft(
                user_name=email if user.user_name == user.email else user.user_name,
                email=email,
                external_id=user.external_id if said.external_id is None else said.external_id,
                phone=user.phone,
                full_name=_full_name(first, last),
                password=said.password or "",
                role=said.role or user.role,
            )
        )
        return replace(
            user,
            user_name=draft.user_name,
            email=draft.email,
            external_id=draft.external_id,
            full_name=draft.full_name,
            role=Role(draft.role),
            active=user.active if said.active is None else said.active,
        )

    def _profile(self, profile: Profile, said: Particulars) -> Profile:
        given = {name: value.strip() for name in _KEPT if (value := getattr(said, name)) is not None}
        for name, value in given.items():
            if len(value) > 200 or not value.isprintable():
                raise InvalidArgument(f"{name} is longer than 200 characters, or cannot be printed.", field=name)
        return replace(profile, updated_at=self._clock.now(), **given)


_KEPT = ("first_name", "last_name", "country", "time_zone")


def _full_name(first: str, last: str) -> str:
    return f"{first.strip()} {last.strip()}".strip()


def _split(user: User) -> Profile:
    first, _, last = user.full_name.rpartition(" ")
    return Profile(associate_id=user.associate_id, first_name=first, last_name=last, updated_at=user.created_at)
