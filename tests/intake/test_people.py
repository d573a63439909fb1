"""An operator administers companies and users; secrets are handed back once."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from heliograph.config.settings import Settings
from heliograph.core.errors import Conflict, InvalidArgument, NotAuthenticated, NotFound
from heliograph.core.people import Door, Role
from heliograph.intake.accounts import UserDraft, checked
from heliograph.intake.people import NewCompany, People
from heliograph.intake.sign_in import SignIn
from heliograph.store.memory import MemoryStore
from heliograph.testing.clock import JumpingClock
from heliograph.testing.secrets import QuickPasswords

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(clock: JumpingClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def people(store: MemoryStore, clock: JumpingClock) -> People:
    return People(store.directory, QuickPasswords(), clock, secrets.token_bytes)


@pytest.fixture
def sign_in(store: MemoryStore, clock: JumpingClock) -> SignIn:
    return SignIn(store.directory, store.keyring, QuickPasswords(), clock, secrets.token_bytes, Settings())


@pytest.fixture
async def company(people: People) -> NewCompany:
    return await people.add_company("  Lighthouse Keepers ")


async def test_the_key_of_a_new_company_opens_the_door_and_is_not_stored(
    company: NewCompany, sign_in: SignIn, store: MemoryStore
) -> None:
    caller = await sign_in.by_key(company.company.id, company.integration_key, Door.REST)
    assert caller.company_id == company.company.id
    kept = await store.directory.company(company.company.id)
    assert kept is not None
    assert kept.name == "Lighthouse Keepers"
    assert company.integration_key.encode() not in kept.key_hash


class SlowPasswords(QuickPasswords):
    """Hashing takes until the test has done what it wants meanwhile, as Argon2 takes a tenth of a second."""

    def __init__(self) -> None:
        super().__init__()
        self.done = asyncio.Event()

    async def hash(self, password: str) -> str:
        await self.done.wait()
        return await super().hash(password)


async def test_a_user_who_is_disabled_while_the_new_password_is_hashed_stays_disabled(
    people: People, store: MemoryStore, company: NewCompany, clock: JumpingClock
) -> None:
    anna = await people.add_user(company.company.id, UserDraft(user_name="anna"))
    passwords = SlowPasswords()
    changing = asyncio.create_task(
        People(store.directory, passwords, clock, secrets.token_bytes).set_password(anna.user, "correct horse")
    )
    await clock.settle()

    await people.set_active(anna.user, False)
    passwords.done.set()

    assert (await changing).user.active is False
    kept = await store.directory.user(anna.user.associate_id)
    assert kept is not None
    assert kept.active is False


async def test_a_rotated_key_ends_the_old_one(people: People, company: NewCompany, sign_in: SignIn) -> None:
    new = await people.rotate_key(company.company.id)
    await sign_in.by_key(company.company.id, new.integration_key, Door.REST)
    with pytest.raises(NotAuthenticated):
        await sign_in.by_key(company.company.id, company.integration_key, Door.REST)


async def test_a_company_id_is_given_once(people: People, company: NewCompany) -> None:
    with pytest.raises(Conflict):
        await people.add_company("Another", company_id=company.company.id)


async def test_the_only_company_need_not_be_named_but_one_of_two_must(people: People, company: NewCompany) -> None:
    assert (await people.company(None)).id == company.company.id
    await people.add_company("The Other Coast")
    with pytest.raises(InvalidArgument, match="The Other Coast"):
        await people.company(None)
    with pytest.raises(NotFound):
        await people.company(4711)


async def test_a_user_gets_a_password_that_signs_in(people: People, company: NewCompany, sign_in: SignIn) -> None:
    new = await people.add_user(company.company.id, UserDraft(user_name="anna", role="administrator"))
    assert len(new.user.user_id) == 32
    assert new.user.role is Role.ADMINISTRATOR
    assert await sign_in.by_password(company.company.id, "ANNA", new.password) is not None
    assert new.password not in new.user.password_hash


async def test_a_new_password_ends_all_tickets(people: People, company: NewCompany, sign_in: SignIn) -> None:
    anna = await people.add_user(company.company.id, UserDraft(user_name="anna"))
    ticket = await sign_in.issue_ticket(anna.user)
    changed = await people.set_password(anna.user, "correct horse")
    with pytest.raises(NotAuthenticated):
        await sign_in.by_ticket(ticket, Door.SOAP)
    assert changed.password == "correct horse"
    assert await sign_in.by_password(company.company.id, "anna", anna.password) is None


async def test_a_disabled_user_is_out_at_once_and_an_enabled_one_may_sign_in_again(
    people: People, company: NewCompany, sign_in: SignIn
) -> None:
    anna = await people.add_user(company.company.id, UserDraft(user_name="anna"))
    ticket = await sign_in.issue_ticket(anna.user)
    disabled = await people.set_active(anna.user, False)
    with pytest.raises(NotAuthenticated):
        await sign_in.by_ticket(ticket, Door.SOAP)
    assert await sign_in.by_password(company.company.id, "anna", anna.password) is None
    await people.set_active(disabled, True)
    assert await sign_in.by_password(company.company.id, "anna", anna.password) is not None


async def test_a_user_is_found_by_every_name_there_is_but_not_from_another_company(
    people: People, company: NewCompany
) -> None:
    draft = UserDraft(user_name="anna", email="anna@example.com", external_id="E-1")
    user = (await people.add_user(company.company.id, draft)).user
    for who in ("anna", "ANNA@example.com", "E-1", user.user_id, str(user.associate_id)):
        assert await people.find(company.company.id, who) == user
    other = await people.add_company("The Other Coast")
    for who in ("anna", str(user.associate_id)):
        with pytest.raises(NotFound):
            await people.find(other.company.id, who)


async def test_a_taken_name_is_refused(people: People, company: NewCompany) -> None:
    await people.add_user(company.company.id, UserDraft(user_name="anna"))
    with pytest.raises(Conflict):
        await people.add_user(company.company.id, UserDraft(user_name="Anna"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_name", " "),
        ("user_name", "7T:abc"),
        ("user_name", "a\x1b[31m"),
        ("user_name", "x" * 101),
        ("email", "no address"),
        ("email", "a@b@c"),
        ("email", "a@b\r\nBcc: everyone@example.com"),
        ("phone", "12"),
        ("phone", "+4799999999x"),
        ("external_id", "x" * 201),
        ("full_name", "two\nlines"),
        ("password", "short"),
        ("role", "emperor"),
    ],
)
def test_a_particular_that_breaks_a_rule_is_named(field: str, value: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        checked(UserDraft(**{"user_name": "anna", field: value}))
    assert [error.field for error in caught.value.fields] == [field]
    assert field in caught.value.detail


def test_all_broken_rules_are_told_at_once_and_no_password_is_repeated() -> None:
    with pytest.raises(InvalidArgument) as caught:
        checked(UserDraft(user_name="", email="x", password="hunter2"))
    assert {error.field for error in caught.value.fields} == {"user_name", "email", "password"}
    assert "hunter2" not in caught.value.detail


def test_a_phone_number_is_undressed() -> None:
    assert checked(UserDraft(user_name="anna", phone=" +47 (22) 33-44.55 ")).phone == "+4722334455"
