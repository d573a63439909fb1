"""Many users at once: every row is either added or told by its line."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import pytest

from heliograph.core.people import User
from heliograph.intake.accounts import UserDraft
from heliograph.intake.importing import Row, RowError, UserImport
from heliograph.intake.people import People
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import a_company
from heliograph.testing.clock import JumpingClock
from heliograph.testing.secrets import QuickPasswords

pytestmark = pytest.mark.anyio


@pytest.fixture
async def people(clock: JumpingClock) -> People:
    store = MemoryStore(clock)
    await store.directory.add_company(a_company())
    return People(store.directory, QuickPasswords(), clock, secrets.token_bytes)


async def imported(
    people: People, rows: Iterable[dict[str, str]], *, dry_run: bool = False, batch: int = 2
) -> tuple[int, list[RowError]]:
    numbered = [Row(line, fields) for line, fields in enumerate(rows, 2)]
    added = 0
    errors: list[RowError] = []
    async for step in UserImport(people, 1).run(numbered, dry_run=dry_run, batch=batch):
        added += step.added
        errors += step.errors
    return added, errors


async def names(people: People) -> list[str]:
    return [user.user_name for user in await people.users(1)]


async def test_good_rows_are_added_and_bad_ones_told_by_line(people: People) -> None:
    rows = [
        {"user_name": "anna", "email": "anna@example.com"},
        {"user_name": "bjorn", "email": "nowhere"},
        {"user_name": "", "email": ""},
        {"user_name": "chidi", "role": "king"},
        {"user_name": "dora", "external_id": "E-4"},
    ]
    added, errors = await imported(people, rows)
    assert added == 2
    assert [(error.line, error.user_name) for error in errors] == [(3, "bjorn"), (4, ""), (5, "chidi")]
    assert errors[0].reason == "email is not an e-mail address."
    assert await names(people) == ["anna", "dora"]


async def test_the_second_of_two_equal_names_is_refused_with_the_line_of_the_first(people: People) -> None:
    added, errors = await imported(people, [{"user_name": "anna"}, {"user_name": "bo"}, {"user_name": "ANNA"}])
    assert added == 2
    assert [(error.line, error.reason) for error in errors] == [(4, "user_name stands already on line 2.")]


async def test_a_refused_row_claims_no_name(people: People) -> None:
    rows = [{"user_name": "anna", "external_id": "E-1"}, {"user_name": "bo", "external_id": "E-1"}, {"user_name": "bo"}]
    added, errors = await imported(people, rows)
    assert added == 2
    assert [error.line for error in errors] == [3]


async def test_who_is_there_already_is_refused_and_the_others_come_in(people: People) -> None:
    await people.add_user(1, UserDraft(user_name="anna", external_id="E-1"))
    added, errors = await imported(
        people, [{"user_name": "Anna"}, {"user_name": "x", "external_id": "E-1"}, {"user_name": "bo"}]
    )
    assert added == 1
    assert [error.reason for error in errors] == ["user_name is taken.", "external_id is taken."]


async def test_a_name_taken_while_the_batch_was_made_ready_costs_that_row_alone(people: People) -> None:
    class Meanwhile(People):
        """Somebody else adds bo just before the batch is stored."""

        hurried = False

        async def store(self, users: Iterable[User]) -> list[User]:
            if not self.hurried:
                self.hurried = True
                await self.add_user(1, UserDraft(user_name="bo"))
            return await super().store(list(users))

    hurried = Meanwhile(people._directory, people._passwords, people._clock, people._entropy)
    added, errors = await imported(hurried, [{"user_name": "anna"}, {"user_name": "bo"}, {"user_name": "cy"}], batch=9)
    assert added == 2
    assert [(error.line, error.user_name) for error in errors] == [(3, "bo")]
    assert sorted(await names(people)) == ["anna", "bo", "cy"]


async def test_a_dry_run_says_the_same_and_stores_nothing(people: People) -> None:
    rows = [{"user_name": "anna"}, {"user_name": "anna"}, {"user_name": "bo", "phone": "x"}]
    added, errors = await imported(people, rows, dry_run=True)
    assert (added, [error.line for error in errors]) == (1, [3, 4])
    assert await names(people) == []


async def test_a_row_without_a_password_makes_a_user_who_cannot_sign_in_with_one(people: People) -> None:
    await imported(people, [{"user_name": "anna"}, {"user_name": "bo", "password": "correct horse"}])
    anna, bo = await people.users(1)
    assert anna.password_hash == ""
    assert bo.password_hash == await QuickPasswords().hash("correct horse")


async def test_a_row_with_too_many_fields_is_refused(people: People) -> None:
    rows: list[dict[str, str]] = [{"user_name": "anna", None: ["more"]}, {"user_name": "bo", "email": None}]  # type: ignore[dict-item]
    added, errors = await imported(people, rows)
    assert (added, [error.line for error in errors]) == (0, [2, 3])
