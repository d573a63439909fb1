"""What every directory promises of companies and users."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.core.errors import Conflict, NotFound
from heliograph.core.people import Role
from heliograph.core.ports import Directory
from heliograph.testing.builders import a_company, a_user

pytestmark = pytest.mark.anyio


async def test_a_company_reads_as_it_was_added(directory: Directory) -> None:
    assert await directory.company(1) is None
    added = await directory.add_company(a_company(key_hash=bytes(range(32)), active=False))
    assert added == a_company(key_hash=bytes(range(32)), active=False)
    assert await directory.company(1) == added
    assert await directory.companies() == [added]


async def test_a_company_without_an_id_gets_the_next_free_one(directory: Directory) -> None:
    await directory.add_company(a_company(id=41))
    assert (await directory.add_company(a_company(id=0))).id == 42
    assert [company.id for company in await directory.companies()] == [41, 42]


async def test_a_taken_company_id_is_a_conflict(directory: Directory) -> None:
    await directory.add_company(a_company())
    with pytest.raises(Conflict, match="company id"):
        await directory.add_company(a_company(name="Other"))
    assert [company.name for company in await directory.companies()] == ["Lighthouse Keepers"]


async def test_an_updated_company_is_seen_at_once(directory: Directory) -> None:
    company = await directory.add_company(a_company())
    assert await directory.company(1) == company
    await directory.update_company(replace(company, name="Renamed", active=False))
    assert await directory.company(1) == replace(company, name="Renamed", active=False)
    assert [found.name for found in await directory.companies()] == ["Renamed"]
    with pytest.raises(NotFound):
        await directory.update_company(a_company(id=9))


async def test_a_user_is_found_by_every_name(directory: Directory) -> None:
    user = a_user(external_id="E-7", phone="+47 1", role=Role.ADMINISTRATOR, active=False, password_hash="$argon2id$x")
    assert await directory.user(101) is None
    assert await directory.add_user(user) == user
    assert await directory.user(101) == user
    assert await directory.user_by_id(1, user.user_id) == user
    assert await directory.user_by_email(1, "KEEPER101@example.COM") == user
    assert await directory.user_by_external_id(1, "E-7") == user
    assert await directory.user_by_name(1, "Keeper101") == user


async def test_case_is_disregarded_beyond_ascii(directory: Directory) -> None:
    user = await directory.add_user(a_user(user_name="Größe", email="ÆØÅ@example.com"))
    assert await directory.user_by_name(1, "GRÖSSE") == user
    assert await directory.user_by_email(1, "æøå@EXAMPLE.com") == user


async def test_a_user_is_not_found_from_another_company(directory: Directory) -> None:
    user = await directory.add_user(a_user(external_id="E-7"))
    assert await directory.user_by_id(2, user.user_id) is None
    assert await directory.user_by_email(2, user.email) is None
    assert await directory.user_by_external_id(2, "E-7") is None
    assert await directory.user_by_name(2, user.user_name) is None


async def test_an_email_address_that_several_share_finds_nobody(directory: Directory) -> None:
    first = await directory.add_user(a_user(101, email="crew@example.com"))
    assert await directory.user_by_email(1, "crew@example.com") == first
    await directory.add_user(a_user(102, email="Crew@example.com"))
    assert await directory.user_by_email(1, "crew@example.com") is None


async def test_an_empty_name_finds_nobody(directory: Directory) -> None:
    await directory.add_user(a_user(email="", external_id=""))
    assert await directory.user_by_email(1, "") is None
    assert await directory.user_by_external_id(1, "") is None


async def test_a_user_without_an_associate_id_gets_the_next_free_one(directory: Directory) -> None:
    await directory.add_user(a_user(500))
    added = await directory.add_user(replace(a_user(7), associate_id=0))
    assert added.associate_id == 501
    assert await directory.user(501) == added


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"associate_id": 101}, "associate id"),
        ({"user_id": f"{101:032x}"}, "user id"),
        ({"user_id": f"{101:032x}", "company_id": 2}, "user id"),
        ({"user_name": "KEEPER101"}, "user name"),
        ({"external_id": "E-7"}, "external id"),
    ],
    ids=["associate id", "user id", "user id, other company", "user name", "external id"],
)
async def test_a_conflict_names_what_is_taken(directory: Directory, changes: dict[str, Any], taken: str) -> None:
    await directory.add_user(a_user(external_id="E-7"))
    with pytest.raises(Conflict, match=taken):
        await directory.add_user(replace(a_user(102), **changes))
    assert [user.associate_id for user in await directory.users(None)] == [101]


async def test_companies_share_names_and_external_ids_freely(directory: Directory) -> None:
    await directory.add_user(a_user(external_id="E-7"))
    await directory.add_user(a_user(102, company_id=2, user_name="keeper101", external_id="E-7"))
    await directory.add_user(a_user(103, external_id=""))
    await directory.add_user(a_user(104, external_id=""))
    found = await directory.user_by_name(2, "keeper101")
    assert found is not None
    assert found.associate_id == 102


async def test_many_users_are_added_all_or_nothing(directory: Directory) -> None:
    added = await directory.add_users([replace(a_user(n), associate_id=0) for n in range(1, 6)])
    assert [user.associate_id for user in added] == [1, 2, 3, 4, 5]
    with pytest.raises(Conflict, match="user name"):
        await directory.add_users([a_user(11), a_user(12), a_user(13, user_name="keeper11")])
    assert await directory.user(11) is None
    assert len(await directory.users(None)) == 5


async def test_users_are_paged_in_order_of_associate_id(directory: Directory) -> None:
    await directory.add_users([a_user(n, company_id=1 + n % 2) for n in (5, 3, 1, 4, 2)])
    assert [user.associate_id for user in await directory.users(None, limit=2)] == [1, 2]
    assert [user.associate_id for user in await directory.users(None, after=2)] == [3, 4, 5]
    assert [user.associate_id for user in await directory.users(2, after=1)] == [3, 5]


async def test_an_updated_user_is_seen_at_once_under_the_new_names_only(directory: Directory) -> None:
    user = await directory.add_user(a_user())
    assert await directory.user_by_name(1, "keeper101") == user
    assert await directory.user_by_name(1, "warden") is None
    renamed = replace(user, user_name="Warden", email="warden@example.com", active=False)
    await directory.update_user(renamed)
    assert await directory.user(101) == renamed
    assert await directory.user_by_name(1, "warden") == renamed
    assert await directory.user_by_name(1, "keeper101") is None
    assert await directory.user_by_email(1, "keeper101@example.com") is None


async def test_an_update_can_neither_take_a_name_nor_invent_a_user(directory: Directory) -> None:
    await directory.add_users([a_user(101), a_user(102)])
    with pytest.raises(Conflict, match="user name"):
        await directory.update_user(a_user(102, user_name="Keeper101"))
    assert await directory.user(102) == a_user(102)
    with pytest.raises(NotFound):
        await directory.update_user(a_user(404))
