"""What every store promises of looking for users."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.core.people import User
from heliograph.core.ports import Directory
from heliograph.core.roster import Profile, Roster, Sought
from heliograph.testing.builders import a_company, a_user

pytestmark = pytest.mark.anyio


async def ids(roster: Roster, skip: int = 0, limit: int = 100, company: int = 1, **sought: Any) -> list[int]:
    return [user.associate_id for user in await roster.search(company, Sought(**sought), skip=skip, limit=limit)]


@pytest.fixture
async def people(directory: Directory, roster: Roster) -> list[User]:
    for company in (1, 2, 12):
        await directory.add_company(a_company(id=company, name=f"Coast {company}"))
    names = ["Jan van der Berg", "Åse Straße", "Þór Ólafsson", 'Quote "Q" (x) -y* AND', "Zoë", "王小明", ""]
    users = [
        a_user(101 + n, full_name=name, email=f"user{n}@example.com", external_id=f"x{n}")
        for n, name in enumerate(names)
    ]
    users += [a_user(201, company_id=2, full_name="Jan van der Berg"), a_user(301, company_id=12, full_name="Jan Berg")]
    return [await directory.add_user(user) for user in users]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("der b", [101]),
        ("BERG", [101]),
        ("an v", [101]),
        ("åSE", [102]),
        ("strasse", [102]),
        ("STRASSE", [102]),
        ("þór", [103]),
        ("ólafsson", [103]),
        ("olafsson", []),
        ('"q"', [104]),
        ("(x)", [104]),
        ("-y*", [104]),
        ("AND", [104]),
        ("zoë", [105]),
        ("王小明", [106]),
        ("小明", [106]),
        ("王", [106]),
        ("eeper10", [101, 102, 103, 104, 105, 106, 107]),
        ("keeper107", [107]),
        ("q", [104]),
        ("ë", [105]),
        ("be", [101]),
        ("nobody", []),
        ("berg\nkeeper", []),
        ("berg\x00", []),
        ("=1=", []),
        ("names : x", []),
        ("%", []),
        ("   ", []),
    ],
)
@pytest.mark.usefixtures("people")
async def test_a_part_of_a_name_is_enough(roster: Roster, name: str, expected: list[int]) -> None:
    assert await ids(roster, name=name) == expected


@pytest.mark.usefixtures("people")
async def test_nobody_of_another_company_is_found(roster: Roster) -> None:
    assert await ids(roster, name="jan", company=2) == [201]
    assert await ids(roster, name="jan", company=12) == [301]
    assert await ids(roster, name="ja", company=12) == [301]
    assert await ids(roster, name="jan", company=3) == []


@pytest.mark.usefixtures("people")
async def test_pages_follow_each_other(roster: Roster) -> None:
    for name in ("keeper", "ke"):
        pages = [await ids(roster, name=name, skip=skip, limit=3) for skip in (0, 3, 6, 9)]
        assert pages == [[101, 102, 103], [104, 105, 106], [107], []]


@pytest.mark.usefixtures("people")
async def test_everything_that_is_asked_must_fit(roster: Roster) -> None:
    assert await ids(roster, email="USER0@example.com") == [101]
    assert await ids(roster, email="user0@example.com", name="berg", external_id="x0") == [101]
    assert await ids(roster, email="user0@example.com", name="zoë") == []
    assert await ids(roster, external_id="x4") == [105]
    assert await ids(roster, external_id="X4") == []
    assert await ids(roster, external_id="x4", email="user0@example.com") == []
    assert await ids(roster, external_id="x4", skip=1) == []


async def test_who_changes_is_found_as_is_and_who_is_deleted_is_not(
    roster: Roster, directory: Directory, people: list[User]
) -> None:
    jan = people[0]
    await directory.update_user(replace(jan, full_name="Jannike Holm", user_name="holm"))
    assert await ids(roster, name="berg") == []
    assert await ids(roster, name="nnike h") == [101]
    assert await ids(roster, name="keeper101") == []
    await directory.update_user(replace(jan, full_name="Jannike Holm", user_name="holm", active=False))
    assert await ids(roster, name="holm", active=True) == []
    assert await ids(roster, name="holm", active=False) == [101]
    assert await ids(roster, name="ho", active=False) == [101]
    await roster.put_profile(Profile(associate_id=101, deleted_at=5))
    for sought in ({"name": "holm"}, {"name": "ho"}, {"email": jan.email}, {"external_id": jan.external_id}):
        assert await ids(roster, **sought) == []


async def test_many_at_once_are_found_like_one(roster: Roster, directory: Directory) -> None:
    await directory.add_company(a_company())
    await directory.add_users([a_user(1000 + n, full_name=f"Watch {n:03d}") for n in range(50)])
    assert await ids(roster, name="watch 04") == list(range(1040, 1050))
