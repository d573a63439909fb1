"""What every roster promises of particulars and groups."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.core.errors import Conflict, NotFound
from heliograph.core.ports import Directory
from heliograph.core.roster import CompanyProfile, Profile, Roster, UserGroup
from heliograph.testing.builders import a_user

pytestmark = pytest.mark.anyio


def a_group(number: int = 1, **changes: Any) -> UserGroup:
    group = UserGroup(group_id=f"{number:032x}", company_id=1, name=f"Watch {number}", members=(101, 103), created_at=5)
    return replace(group, **changes)


async def test_particulars_read_as_they_were_put(roster: Roster) -> None:
    ida = Profile(associate_id=101, first_name="Ida", last_name="van der Lewis", country="NO", time_zone="CET")
    await roster.put_profile(ida)
    await roster.put_profile(Profile(associate_id=103, updated_at=7))
    assert await roster.profiles([103, 101, 101, 999]) == [ida, Profile(associate_id=103, updated_at=7)]
    await roster.put_profile(replace(ida, country="SE"))
    assert await roster.profiles([101]) == [replace(ida, country="SE")]
    assert await roster.profiles([]) == []


async def test_a_companys_particulars_read_as_they_were_put(roster: Roster) -> None:
    assert await roster.company_profile(1) is None
    profile = CompanyProfile(company_id=1, description="d", country="NO", time_zone="CET", notices_to="a@example.com")
    await roster.put_company_profile(profile)
    await roster.put_company_profile(replace(profile, updated_at=9))
    assert await roster.company_profile(1) == replace(profile, updated_at=9)


async def test_groups_are_listed_by_name_with_their_members(roster: Roster) -> None:
    await roster.add_group(a_group(1, name="b", members=(103, 101)))
    await roster.add_group(a_group(2, name="A", members=()))
    await roster.add_group(a_group(3, company_id=2))
    assert await roster.groups(1) == [a_group(2, name="A", members=()), a_group(1, name="b", members=(101, 103))]


async def test_a_name_or_external_id_stands_once_in_a_company(roster: Roster) -> None:
    await roster.add_group(a_group(1, name="Ward", external_id="W"))
    for taken, word in (
        (a_group(2, name="wARD"), "group name"),
        (a_group(2, external_id="W"), "external id"),
        (a_group(1, name="Other"), "group id"),
    ):
        with pytest.raises(Conflict, match=word):
            await roster.add_group(taken)
    await roster.add_group(a_group(2, company_id=2, name="Ward", external_id="W"))
    await roster.add_group(a_group(3))
    with pytest.raises(Conflict, match="group name"):
        await roster.update_group(a_group(3, name="WARD"))
    assert [group.name for group in await roster.groups(1)] == ["Ward", "Watch 3"]


async def test_an_updated_group_has_the_members_it_names(roster: Roster) -> None:
    await roster.add_group(a_group())
    await roster.update_group(a_group(name="watch 1", members=(105,)))
    assert await roster.groups(1) == [a_group(name="watch 1", members=(105,))]
    with pytest.raises(NotFound):
        await roster.update_group(a_group(9))


async def test_a_removed_group_is_gone_with_its_members(roster: Roster) -> None:
    await roster.add_group(a_group())
    assert await roster.remove_group(a_group().group_id)
    assert not await roster.remove_group(a_group().group_id)
    await roster.add_group(a_group(members=()))
    assert await roster.groups(1) == [a_group(members=())]


async def test_a_deleted_user_leaves_all_groups(roster: Roster) -> None:
    await roster.add_group(a_group(1))
    await roster.add_group(a_group(2))
    await roster.put_profile(Profile(associate_id=101, deleted_at=7))
    assert [group.members for group in await roster.groups(1)] == [(103,), (103,)]


async def test_a_user_is_enrolled_with_particulars_and_groups_at_once(directory: Directory, roster: Roster) -> None:
    await roster.add_group(a_group(1))
    await roster.add_group(a_group(2))
    gone = a_group(3).group_id
    ida = await directory.enrol(
        a_user(associate_id=0), Profile(associate_id=0, country="NO"), [a_group(1).group_id, gone]
    )
    assert await directory.user(ida.associate_id) == ida
    assert await roster.profiles([ida.associate_id]) == [Profile(associate_id=ida.associate_id, country="NO")]
    assert [group.members for group in await roster.groups(1)] == [
        tuple(sorted({101, 103, ida.associate_id})),
        (101, 103),
    ]

    renamed = replace(ida, full_name="Ida Lewis")
    await directory.enrol(renamed, Profile(associate_id=0, country="SE"), [a_group(2).group_id])
    assert await directory.user(ida.associate_id) == renamed
    assert [profile.country for profile in await roster.profiles([ida.associate_id])] == ["SE"]
    assert all(ida.associate_id in group.members for group in await roster.groups(1))


async def test_who_cannot_be_enrolled_leaves_nothing_behind(directory: Directory, roster: Roster) -> None:
    await directory.add_user(a_user(associate_id=101))
    await roster.add_group(a_group(1, members=()))
    taken = a_user(associate_id=0, user_name="Keeper101", user_id="f" * 32)
    for nobody, error in ((taken, Conflict), (a_user(associate_id=999), NotFound)):
        with pytest.raises(error):
            await directory.enrol(nobody, Profile(associate_id=0, country="NO"), [a_group(1).group_id])
    assert await roster.profiles([101, 102, 999]) == []
    assert [group.members for group in await roster.groups(1)] == [()]


async def test_who_is_enrolled_as_deleted_leaves_all_groups(directory: Directory, roster: Roster) -> None:
    ida = await directory.add_user(a_user(associate_id=101))
    await roster.add_group(a_group(1))
    await directory.enrol(replace(ida, active=False), Profile(associate_id=0, deleted_at=7), ())
    assert [group.members for group in await roster.groups(1)] == [(103,)]
