"""Passwords to tickets, tickets and keys to callers."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.config.settings import Settings, TicketSettings
from heliograph.core.errors import NotAuthenticated, TooMany
from heliograph.core.people import Door, Role
from heliograph.intake.people import People
from heliograph.intake.sign_in import SignIn, secret_hash
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import a_company, a_user
from heliograph.testing.clock import JumpingClock
from heliograph.testing.flaky import Flaky
from heliograph.testing.secrets import QuickPasswords
from heliograph.vault.passwords import Argon2Passwords

pytestmark = pytest.mark.anyio

HOUR = 3600


@pytest.fixture
def store(clock: JumpingClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def passwords() -> QuickPasswords:
    return QuickPasswords()


def signing_in(
    store: MemoryStore, passwords: QuickPasswords, clock: JumpingClock, tickets: TicketSettings | None = None
) -> SignIn:
    numbers = count(1)
    return SignIn(
        store.directory,
        store.keyring,
        passwords,
        clock,
        lambda size: next(numbers).to_bytes(size, "little"),
        Settings(tickets=tickets or TicketSettings()),
    )


@pytest.fixture
async def sign_in(store: MemoryStore, passwords: QuickPasswords, clock: JumpingClock) -> SignIn:
    hashed = await passwords.hash("lamp-oil")
    await store.directory.add_company(a_company(key_hash=secret_hash("key-1")))
    await store.directory.add_company(a_company(id=2, name="The Other Coast", key_hash=secret_hash("key-2")))
    await store.directory.add_company(a_company(id=3, name="Closed", key_hash=secret_hash("key-3"), active=False))
    await store.directory.add_users(
        [
            a_user(101, password_hash=hashed),
            a_user(102, password_hash=hashed, active=False),
            a_user(103),
            a_user(104, password_hash=hashed, role=Role.ADMINISTRATOR),
            a_user(301, company_id=3, password_hash=hashed),
        ]
    )
    return signing_in(store, passwords, clock)


async def a_ticket(sign_in: SignIn, user_name: str = "keeper101") -> str:
    found = await sign_in.by_password(1, user_name, "lamp-oil")
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", ["keeper101", "KEEPER101", "keeper101@example.com"])
async def test_a_name_or_mail_address_and_the_password_give_a_ticket(sign_in: SignIn, name: str) -> None:
    caller = await sign_in.by_ticket(await a_ticket(sign_in, name), Door.SOAP)
    assert (caller.company_id, caller.associate_id, caller.administrator) == (1, 101, False)


async def test_a_ticket_has_the_form_the_contract_gives(sign_in: SignIn) -> None:
    ticket = await a_ticket(sign_in)
    assert ticket.startswith("7T:")
    inside = base64.b64decode(ticket.removeprefix("7T:")).decode("utf-16-le")
    assert re.fullmatch(r"[0-9a-f]{32};-?\d{1,10}", inside)


@pytest.mark.parametrize(
    ("company_id", "name", "password"),
    [
        (1, "keeper101", "wrong"),
        (1, "nobody", "lamp-oil"),
        (1, "keeper102", "lamp-oil"),
        (1, "keeper103", ""),
        (2, "keeper101", "lamp-oil"),
        (1, "", ""),
    ],
)
async def test_anything_else_gives_none_after_the_same_work(
    sign_in: SignIn, passwords: QuickPasswords, company_id: int, name: str, password: str
) -> None:
    assert await sign_in.by_password(company_id, name, password) is None
    assert len(passwords.verified) == 1


async def test_an_unknown_user_costs_a_verification_against_nobodys_hash(
    sign_in: SignIn, passwords: QuickPasswords
) -> None:
    await sign_in.by_password(1, "nobody", "lamp-oil")
    await sign_in.by_password(1, "keeper102", "lamp-oil")
    assert passwords.verified == ["", ""]


async def test_a_ticket_slides_with_its_use_and_ends_without(sign_in: SignIn, clock: JumpingClock) -> None:
    ticket = await a_ticket(sign_in)
    for _ in range(3):
        await clock.jump(5 * HOUR)
        await sign_in.by_ticket(ticket, Door.SOAP)
    await clock.jump(6 * HOUR)
    with pytest.raises(NotAuthenticated):
        await sign_in.by_ticket(ticket, Door.SOAP)


async def test_a_call_that_was_under_way_at_the_sign_out_does_not_bring_the_ticket_back(
    sign_in: SignIn, store: MemoryStore, passwords: QuickPasswords, clock: JumpingClock
) -> None:
    ticket = await a_ticket(sign_in)
    await clock.jump(120)
    directory: Any = Flaky(store.directory)
    slow = SignIn(directory, store.keyring, passwords, clock, lambda size: bytes(size), Settings())
    directory.hold("user")
    under_way = asyncio.create_task(slow.by_ticket(ticket, Door.SOAP))
    await clock.settle()

    await sign_in.end_ticket(ticket)
    directory.heal()
    await under_way

    with pytest.raises(NotAuthenticated):
        await sign_in.by_ticket(ticket, Door.SOAP)


class SlowPasswords(QuickPasswords):
    """Verifying takes until the test has done what it wants meanwhile, as Argon2 takes a tenth of a second."""

    def __init__(self) -> None:
        super().__init__()
        self.done = asyncio.Event()

    async def verify(self, password: str, hashed: str) -> bool:
        await self.done.wait()
        return await super().verify(password, hashed)


async def test_two_sign_ins_at_once_of_a_password_kept_with_other_costs_both_let_in(
    sign_in: SignIn, store: MemoryStore, clock: JumpingClock
) -> None:
    passwords = SlowPasswords()
    user = await store.directory.user(101)
    assert user is not None
    await store.directory.update_user(replace(user, password_hash=await passwords.old_hash("lamp-oil")))
    slow = signing_in(store, passwords, clock)
    both = [asyncio.create_task(slow.by_password(1, "keeper101", "lamp-oil")) for _ in range(2)]
    await clock.settle()
    passwords.done.set()

    assert all(found is not None for found in await asyncio.gather(*both))


async def test_a_password_that_is_changed_while_it_is_verified_opens_nothing_any_more(
    sign_in: SignIn, store: MemoryStore, clock: JumpingClock
) -> None:
    passwords = SlowPasswords()
    signing = asyncio.create_task(signing_in(store, passwords, clock).by_password(1, "keeper101", "lamp-oil"))
    await clock.settle()

    user = await store.directory.user(101)
    assert user is not None
    await People(store.directory, passwords, clock, os.urandom).set_password(user, "whale oil of the best")
    passwords.done.set()

    assert await signing is None, "a ticket made now would outlive the change, which has ended all there were"


async def test_a_ticket_is_written_at_most_once_a_minute(
    sign_in: SignIn, store: MemoryStore, clock: JumpingClock
) -> None:
    ticket = await a_ticket(sign_in)

    async def valid_to() -> int:
        kept = await store.directory.ticket(secret_hash(ticket))
        assert kept is not None
        return kept.valid_to

    issued = await valid_to()
    await clock.jump(59)
    await sign_in.by_ticket(ticket, Door.SOAP)
    assert await valid_to() == issued
    await clock.jump(1)
    await sign_in.by_ticket(ticket, Door.SOAP)
    assert await valid_to() == issued + 60_000


async def test_an_absolute_limit_ends_a_ticket_whatever_its_use(
    sign_in: SignIn, store: MemoryStore, passwords: QuickPasswords, clock: JumpingClock
) -> None:
    limited = signing_in(store, passwords, clock, TicketSettings(absolute=8 * HOUR))
    ticket = await a_ticket(limited)
    await clock.jump(5 * HOUR)
    await limited.by_ticket(ticket, Door.SOAP)
    await clock.jump(3 * HOUR)
    with pytest.raises(NotAuthenticated):
        await limited.by_ticket(ticket, Door.SOAP)


async def test_a_ticket_is_good_in_its_own_company_only(sign_in: SignIn) -> None:
    ticket = await a_ticket(sign_in)
    assert (await sign_in.by_ticket(ticket, Door.SOAP, tenant=1)).company_id == 1
    with pytest.raises(NotAuthenticated):
        await sign_in.by_ticket(ticket, Door.SOAP, tenant=2)


async def test_unknown_expired_and_revoked_tickets_are_refused_in_the_same_words(
    sign_in: SignIn, store: MemoryStore, clock: JumpingClock
) -> None:
    revoked = await a_ticket(sign_in)
    await store.directory.revoke_tickets(101)
    expired = await a_ticket(sign_in)
    await clock.jump(6 * HOUR)
    words = set()
    for ticket in (revoked, expired, "7T:unknown", "", "\ud800"):
        with pytest.raises(NotAuthenticated) as refused:
            await sign_in.by_ticket(ticket, Door.SOAP)
        words.add(refused.value.detail)
    assert len(words) == 1


async def test_the_ticket_of_a_user_disabled_meanwhile_is_refused(sign_in: SignIn, store: MemoryStore) -> None:
    ticket = await a_ticket(sign_in)
    hashed = await QuickPasswords().hash("lamp-oil")
    await store.directory.update_user(a_user(101, password_hash=hashed, active=False))
    with pytest.raises(NotAuthenticated):
        await sign_in.by_ticket(ticket, Door.SOAP)


async def test_the_text_of_a_ticket_is_not_kept(sign_in: SignIn, store: MemoryStore) -> None:
    ticket = await a_ticket(sign_in)
    kept = await store.directory.ticket(secret_hash(ticket))
    assert kept is not None
    assert ticket not in repr(kept)


async def test_a_ticket_given_as_the_user_name_signs_in_without_a_password(
    sign_in: SignIn, passwords: QuickPasswords
) -> None:
    ticket = await a_ticket(sign_in)
    found = await sign_in.by_password(1, ticket, "")
    assert found is not None
    assert (found[0].associate_id, found[1]) == (101, ticket)
    assert await sign_in.by_password(2, ticket, "") is None


async def test_an_administrator_is_known_as_one(sign_in: SignIn) -> None:
    assert (await sign_in.by_ticket(await a_ticket(sign_in, "keeper104"), Door.CONSOLE)).administrator


async def test_an_integration_key_makes_a_machine_caller(sign_in: SignIn) -> None:
    caller = await sign_in.by_key(1, "key-1", Door.REST)
    assert (caller.company_id, caller.associate_id, caller.door) == (1, None, Door.REST)


@pytest.mark.parametrize(("company_id", "key"), [(1, "key-2"), (1, ""), (9, "key-1"), (0, ""), (3, "key-3")])
async def test_a_wrong_key_company_or_closed_company_is_refused_in_the_same_words(
    sign_in: SignIn, company_id: int, key: str
) -> None:
    with pytest.raises(NotAuthenticated, match="CompanyId or IntegrationKey is not valid"):
        await sign_in.by_key(company_id, key, Door.REST)


async def test_the_default_company_is_the_first_and_a_path_may_name_another(sign_in: SignIn) -> None:
    assert (await sign_in.company(None)).id == 1
    assert (await sign_in.company(2)).id == 2
    for tenant in (3, 99):
        with pytest.raises(NotAuthenticated):
            await sign_in.company(tenant)


async def test_the_ticket_of_a_closed_company_is_refused(
    sign_in: SignIn, store: MemoryStore, clock: JumpingClock
) -> None:
    ticket = await a_ticket(sign_in)
    await store.directory.update_company(a_company(key_hash=secret_hash("key-1"), active=False))
    with pytest.raises(NotAuthenticated):
        await sign_in.by_ticket(ticket, Door.SOAP)


async def test_a_password_kept_with_other_costs_is_kept_anew_at_the_next_sign_in(
    sign_in: SignIn, store: MemoryStore, passwords: QuickPasswords
) -> None:
    user = await store.directory.user(101)
    assert user is not None
    old = await passwords.old_hash("lamp-oil")
    await store.directory.update_user(replace(user, password_hash=old))
    assert await sign_in.by_password(1, "keeper101", "wrong") is None
    assert (await store.directory.user(101)).password_hash == old  # type: ignore[union-attr]
    assert await sign_in.by_password(1, "keeper101", "lamp-oil") is not None
    renewed = await store.directory.user(101)
    assert renewed is not None
    assert renewed.password_hash == await passwords.hash("lamp-oil")
    assert replace(renewed, password_hash=old) == replace(user, password_hash=old)
    assert await sign_in.by_password(1, "keeper101", "lamp-oil") is not None


async def test_argon2_hashes_of_cheaper_days_are_renewed(store: MemoryStore, clock: JumpingClock) -> None:
    """With real hashes: 8 MiB and one pass were kept, 9 MiB and two are today's costs."""
    cheap, today = Argon2Passwords(memory_kib=8192, passes=1), Argon2Passwords(memory_kib=9216, passes=2)
    await store.directory.add_company(a_company())
    await store.directory.add_user(a_user(101, password_hash=await cheap.hash("lamp-oil")))
    sign_in = SignIn(store.directory, store.keyring, today, clock, os.urandom, Settings(), store.notes)
    assert await sign_in.by_password(1, "keeper101", "lamp-oil") is not None
    user = await store.directory.user(101)
    assert user is not None
    assert "m=9216,t=2" in user.password_hash
    assert not today.outdated(user.password_hash)
    assert await today.verify("lamp-oil", user.password_hash)
    cheap.close()
    today.close()


async def test_failed_sign_ins_are_counted_over_a_restart(
    store: MemoryStore, passwords: QuickPasswords, clock: JumpingClock, sign_in: SignIn
) -> None:
    settings = Settings()
    for _ in range(settings.sign_in.failures_per_account):
        again = SignIn(store.directory, store.keyring, passwords, clock, os.urandom, settings, store.notes)
        assert await again.by_password(1, "keeper101", "wrong") is None
    again = SignIn(store.directory, store.keyring, passwords, clock, os.urandom, settings, store.notes)
    with pytest.raises(TooMany):
        await again.by_password(1, "keeper101", "lamp-oil")
