"""Two who change one user at once: neither undoes what the other has done."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest

from heliograph.core.errors import UnknownRecipient
from heliograph.core.people import Caller, Door
from heliograph.intake.groups import CompanyChange, GroupService
from heliograph.intake.people import People
from heliograph.intake.roster import Particulars, RosterService
from heliograph.store.memory import MemoryStore
from heliograph.system.turns import InProcessTurns
from heliograph.testing.builders import a_company, a_user
from heliograph.testing.clock import JumpingClock
from heliograph.testing.flaky import Flaky
from heliograph.testing.secrets import QuickPasswords

pytestmark = pytest.mark.anyio

CALLER = Caller(company_id=1, door=Door.REST)


class Office:
    """The roster of a company over a store whose writes take a while."""

    def __init__(self, clock: JumpingClock) -> None:
        self.store = MemoryStore(clock)
        self.directory: Any = Flaky(self.store.directory)
        people = People(self.directory, QuickPasswords(), clock, secrets.token_bytes)
        self.roster = RosterService(self.directory, people, self.store.roster, clock, InProcessTurns())
        self._clock = clock

    async def both(self, first: Any, second: Any) -> list[Any]:
        """The second begins, with what it has read, while the first is being written."""
        self.directory.delay("enrol")
        tasks = [asyncio.create_task(first), asyncio.create_task(second)]
        await self._clock.settle()
        self.directory.heal()
        return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def office(clock: JumpingClock) -> Office:
    made = Office(clock)
    await made.store.directory.add_company(a_company())
    await made.store.directory.add_user(a_user(101))
    return made


async def test_a_new_name_does_not_enable_whom_another_is_disabling(office: Office) -> None:
    person = await office.roster.find(CALLER, user_id=a_user(101).user_id)

    await office.both(
        office.roster.change(CALLER, person, Particulars(active=False)),
        office.roster.change(CALLER, person, Particulars(first_name="Ida", last_name="Lewis")),
    )

    kept = await office.store.directory.user(101)
    assert kept is not None
    assert (kept.full_name, kept.active) == ("Ida Lewis", False)


async def test_a_user_who_is_being_deleted_is_not_brought_back_by_a_change(office: Office) -> None:
    person = await office.roster.find(CALLER, user_id=a_user(101).user_id)

    _, changed = await office.both(
        office.roster.delete(CALLER, person),
        office.roster.change(CALLER, person, Particulars(first_name="Ida")),
    )

    assert isinstance(changed, UnknownRecipient)
    kept = await office.store.directory.user(101)
    assert kept is not None
    assert (kept.full_name, kept.active) == ("", False)


async def test_a_new_name_of_the_company_does_not_bring_the_old_key_back(office: Office, clock: JumpingClock) -> None:
    people = People(office.directory, QuickPasswords(), clock, secrets.token_bytes)
    groups = GroupService(office.directory, people, office.store.roster, clock, secrets.token_bytes, InProcessTurns())
    office.directory.delay("update_company")
    rotating = asyncio.create_task(groups.rotate_key(CALLER))
    renaming = asyncio.create_task(groups.change_company(CALLER, CompanyChange(name="Lightvessels")))
    await clock.settle()
    office.directory.heal()
    new = await rotating
    await renaming

    kept = await office.store.directory.company(1)
    assert kept is not None
    assert (kept.name, kept.key_hash) == ("Lightvessels", new.company.key_hash)
