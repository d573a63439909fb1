"""What every directory promises of devices, suppressed addresses and tickets."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from heliograph.core.errors import NotFound
from heliograph.core.people import Ticket
from heliograph.core.ports import Directory
from heliograph.testing.builders import a_device, a_user
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


def a_ticket(text: bytes = b"1", **changes: object) -> Ticket:
    return replace(
        Ticket(hash=text * 32, associate_id=101, company_id=1, valid_to=NOON + 100, created_at=NOON), **changes
    )


async def test_a_device_reads_as_it_was_put(directory: Directory) -> None:
    await directory.add_user(a_user())
    assert await directory.devices([101]) == []
    put = await directory.put_device(a_device(0, name="Lamp", app="coast", tags="a,b", time_zone_id=3, os_version="17"))
    assert put.id > 0
    assert await directory.devices([101]) == [put]


async def test_the_same_identifier_is_replaced_and_moves_to_its_new_owner(directory: Directory) -> None:
    await directory.add_users([a_user(101), a_user(102)])
    old = await directory.put_device(a_device(0, identifier="lamp"))
    assert await directory.devices([101, 102]) == [old]
    new = await directory.put_device(a_device(0, identifier="lamp", associate_id=102, handle="new"))
    assert new.id == old.id
    assert await directory.devices([101]) == []
    assert await directory.devices([101, 102]) == [new]


async def test_companies_do_not_share_identifiers(directory: Directory) -> None:
    await directory.add_users([a_user(101), a_user(201, company_id=2)])
    ours = await directory.put_device(a_device(0, identifier="lamp"))
    theirs = await directory.put_device(a_device(0, identifier="lamp", associate_id=201))
    assert ours.id != theirs.id
    assert await directory.devices([101]) == [ours]


async def test_a_device_with_an_id_is_put_in_its_own_place(directory: Directory) -> None:
    await directory.add_user(a_user())
    device = await directory.put_device(a_device(0, identifier="lamp"))
    changed = await directory.put_device(replace(device, identifier="lantern", tags="new"))
    assert await directory.devices([101]) == [changed]
    assert changed.id == device.id


async def test_a_device_needs_an_owner_who_exists(directory: Directory) -> None:
    with pytest.raises(NotFound):
        await directory.put_device(a_device(0, associate_id=404))


async def test_a_removed_device_is_gone_and_its_id_is_not_given_again(directory: Directory) -> None:
    await directory.add_user(a_user())
    device = await directory.put_device(a_device(0))
    await directory.remove_device(device.id)
    await directory.remove_device(404)
    assert await directory.devices([101]) == []
    assert (await directory.put_device(a_device(0))).id > device.id


async def test_devices_come_in_order_of_owner_and_id(directory: Directory) -> None:
    await directory.add_users([a_user(n) for n in range(1, 51)])
    for owner in (2, 1, 2, 50):
        await directory.put_device(a_device(0, associate_id=owner, identifier=f"of-{owner}-{owner * 7}"))
    await directory.put_device(a_device(0, associate_id=2, identifier="second"))
    found = await directory.devices(list(range(50, 0, -1)))
    assert [device.associate_id for device in found] == [1, 2, 2, 50]
    assert found[1].id < found[2].id
    assert await directory.devices([]) == []


async def test_a_suppressed_address_is_so_on_its_channel_only(directory: Directory) -> None:
    assert not await directory.dead("email", {"a@example.com"})
    await directory.suppress("email", "a@example.com", reason="bounced", now=NOON)
    assert await directory.dead("email", {"a@example.com"}) == {"a@example.com": "bounced"}
    assert not await directory.dead("sms", {"a@example.com"})
    await directory.suppress("email", "a@example.com", reason="again", now=NOON + 1)
    assert await directory.dead("email", {"a@example.com"}) == {"a@example.com": "again"}


async def test_many_addresses_are_asked_for_at_once_and_only_the_dead_are_told(directory: Directory) -> None:
    assert await directory.dead("apns", {"t-1", "t-2"}) == {}
    await directory.suppress("apns", "t-2", reason="410 Gone", now=NOON)
    await directory.suppress("fcm", "t-1", reason="elsewhere", now=NOON)
    assert await directory.dead("apns", {"t-1", "t-2", 'quoted " and ü'}) == {"t-2": "410 Gone"}
    assert await directory.dead("apns", set()) == {}


async def test_of_many_users_the_active_ones_are_told(directory: Directory) -> None:
    await directory.add_users([a_user(1), a_user(2, active=False), a_user(3)])
    assert await directory.active({1, 2, 3, 99}) == {1, 3}
    assert await directory.active(set()) == set()


async def test_a_ticket_reads_as_it_was_put_and_can_be_put_again(directory: Directory) -> None:
    assert await directory.ticket(b"1" * 32) is None
    await directory.put_ticket(a_ticket())
    assert await directory.ticket(b"1" * 32) == a_ticket()
    await directory.put_ticket(a_ticket(valid_to=NOON + 5))
    assert await directory.ticket(b"1" * 32) == a_ticket(valid_to=NOON + 5)


async def test_a_touched_ticket_lives_longer(directory: Directory) -> None:
    await directory.put_ticket(a_ticket())
    await directory.ticket(b"1" * 32)
    await directory.touch_ticket(b"1" * 32, valid_to=NOON + 900)
    assert await directory.ticket(b"1" * 32) == a_ticket(valid_to=NOON + 900)
    await directory.touch_ticket(b"2" * 32, valid_to=NOON + 900)
    assert await directory.ticket(b"2" * 32) is None


async def test_a_ticket_that_was_ended_is_not_given_a_new_life(directory: Directory) -> None:
    await directory.put_ticket(a_ticket())
    await directory.touch_ticket(b"1" * 32, valid_to=0)
    await directory.touch_ticket(b"1" * 32, valid_to=NOON + 900)  # of a call that was under way at the sign-out
    assert await directory.ticket(b"1" * 32) in (None, a_ticket(valid_to=0))


async def test_revoking_ends_all_tickets_of_one_user(directory: Directory) -> None:
    for text, owner in [(b"1", 101), (b"2", 101), (b"3", 102)]:
        await directory.put_ticket(a_ticket(text, associate_id=owner))
        await directory.ticket(text * 32)
    assert await directory.revoke_tickets(101) == 2
    assert await directory.ticket(b"1" * 32) is None
    assert await directory.ticket(b"3" * 32) is not None
    assert await directory.revoke_tickets(101) == 0


async def test_tickets_that_have_ended_are_pruned(directory: Directory) -> None:
    await directory.put_ticket(a_ticket(b"1", valid_to=NOON))
    await directory.put_ticket(a_ticket(b"2", valid_to=NOON + 1))
    await directory.ticket(b"1" * 32)
    assert await directory.prune_tickets(now=NOON) == 1
    assert await directory.ticket(b"1" * 32) is None
    assert await directory.ticket(b"2" * 32) is not None


async def test_a_dead_token_takes_its_device_along_and_a_new_registration_brings_both_back(
    directory: Directory,
) -> None:
    await directory.add_user(a_user())
    dead = await directory.put_device(a_device(0, identifier="lamp", handle="t-1"))
    other = await directory.put_device(a_device(0, identifier="lantern", handle="t-2"))
    await directory.suppress("apns", "t-1", reason="410 Gone", now=NOON)
    assert await directory.devices([101]) == [other]
    assert await directory.dead("apns", {"t-1"}) == {"t-1": "410 Gone"}
    again = await directory.put_device(replace(dead, id=0))
    assert await directory.devices([101]) == [other, again]
    assert not await directory.dead("apns", {"t-1"})


async def test_a_device_with_a_new_token_outlives_its_old_one(directory: Directory) -> None:
    await directory.add_user(a_user())
    await directory.put_device(a_device(0, identifier="lamp", handle="t-1"))
    moved_on = await directory.put_device(a_device(0, identifier="lamp", handle="t-2"))
    await directory.suppress("apns", "t-1", reason="410 Gone", now=NOON)
    assert await directory.devices([101]) == [moved_on]


async def test_devices_long_unseen_are_listed_and_removed_from_the_oldest_on(directory: Directory) -> None:
    await directory.add_users([a_user(101), a_user(201, company_id=2)])
    ages = [(101, 30), (201, 10), (101, 20), (101, 0)]
    kept = [
        await directory.put_device(a_device(0, identifier=f"d-{n}", associate_id=owner, last_seen=NOON - age))
        for n, (owner, age) in enumerate(ages)
    ]
    everyone = await directory.devices_unseen(None, since=NOON, limit=10)
    assert everyone == [kept[0], kept[2], kept[1]]
    assert await directory.devices_unseen(1, since=NOON, limit=1) == [kept[0]]
    assert await directory.devices_unseen(2, since=NOON - 10, limit=10) == []
    assert await directory.prune_devices(before=NOON, limit=2) == 2
    assert await directory.devices([101, 201]) == [kept[3], kept[1]]
    assert await directory.prune_devices(before=NOON, limit=2) == 1


async def test_a_users_wishes_are_kept_and_given_to_the_devices_there_are(directory: Directory) -> None:
    await directory.add_users([a_user(101), a_user(102)])
    for number, owner in enumerate((101, 101, 102)):
        await directory.put_device(a_device(0, identifier=f"d-{number}", associate_id=owner))
    assert await directory.wishes(101) == ""
    await directory.put_wishes(101, "message=0")
    await directory.put_wishes(101, "question=0")
    assert await directory.wishes(101) == "question=0"
    assert [device.tags for device in await directory.devices([101, 102])] == ["question=0", "question=0", ""]


async def test_a_token_belongs_to_whoever_registered_last_under_whichever_identifier(directory: Directory) -> None:
    await directory.add_users([a_user(101), a_user(102), a_user(201, company_id=2)])
    await directory.put_device(a_device(0, identifier="before", handle="t"))
    elsewhere = await directory.put_device(a_device(0, identifier="x", handle="t", associate_id=201))
    other = await directory.put_device(a_device(0, identifier="y", handle="t", platform="Apple"))
    after = await directory.put_device(a_device(0, identifier="reinstalled", handle="t", associate_id=102))
    assert await directory.devices([101, 102, 201]) == [other, after, elsewhere]
