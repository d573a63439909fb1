"""What every outbox promises of lists, counts and retention."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.core.delivery import Acceptance, Attempt, Record
from heliograph.core.lifecycle import SETTLED, Happening, State
from heliograph.core.ports import Outbox
from heliograph.core.search import Found, Wanted
from heliograph.core.standing import Backlog, Waiting
from heliograph.testing.builders import a_delivery, a_message, an_acceptance
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


async def ids(outbox: Outbox, **wanted: object) -> list[int]:
    query = {"company_id": None, "state": None, "before_id": None, "limit": 100, **wanted}
    return [message.id for message in await outbox.messages(**query)]


async def test_messages_are_listed_newest_first_page_by_page(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(7))
    assert await ids(outbox, limit=3) == [7, 6, 5]
    assert await ids(outbox, limit=3, before_id=5) == [4, 3, 2]
    assert await ids(outbox, limit=3, before_id=2) == [1]


async def test_a_company_sees_its_own_messages_only(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(2))
    await outbox.accept(an_acceptance(2, first=3, company_id=2))
    assert await ids(outbox, company_id=2) == [4, 3]
    assert await ids(outbox, company_id=3) == []


@pytest.mark.parametrize("state", list(State))
async def test_messages_are_found_by_the_state_of_a_delivery(outbox: Outbox, state: State) -> None:
    other = State.HELD if state is State.QUEUED else State.QUEUED
    await outbox.accept(an_acceptance(3, state=other))
    both = (a_delivery(4, state=state), a_delivery(5, message_id=4, state=state), a_delivery(6, message_id=4))
    await outbox.accept(Acceptance(messages=(a_message(4),), deliveries=both))
    await outbox.accept(an_acceptance(2, first=7, state=state))
    await outbox.accept(an_acceptance(1, first=9, state=state, company_id=2))
    assert await ids(outbox, state=state) == [9, 8, 7, 4]
    assert await ids(outbox, state=state, limit=2) == [9, 8]
    assert await ids(outbox, state=state, before_id=8, company_id=1) == [7, 4]


async def test_counts_are_by_channel_and_state(outbox: Outbox) -> None:
    assert await outbox.counts() == {}
    await outbox.accept(an_acceptance(3))
    await outbox.accept(an_acceptance(2, first=4, channel="inbox"))
    await outbox.record([Record(delivery_id=4, happening=Happening.CANCELLED, at=NOON)])
    assert await outbox.counts() == {
        ("stub", State.QUEUED): 3,
        ("inbox", State.QUEUED): 1,
        ("inbox", State.CANCELLED): 1,
    }


async def test_the_backlog_tells_what_waits_since_when_and_what_ended_badly(outbox: Outbox) -> None:
    assert await outbox.backlog(company_id=None) == Backlog((), {})
    await outbox.accept(an_acceptance(3, state=State.QUEUED))
    await outbox.accept(an_acceptance(1, first=4, state=State.HELD, channel="inbox"))
    await outbox.accept(an_acceptance(2, first=5, state=State.FAILED, company_id=2))
    await outbox.accept(an_acceptance(1, first=7, state=State.SENT))
    late = (a_delivery(8, due_at=NOON + 500, company_id=2),)
    await outbox.accept(Acceptance(messages=(a_message(8, company_id=2),), deliveries=late))
    await outbox.claim([1], now=NOON, lease_until=NOON + 1000)
    told = await outbox.backlog(company_id=None)
    assert {(each.channel, each.state): (each.many, each.due_at - NOON) for each in told.waiting} == {
        ("inbox", State.HELD): (1, 0),
        ("stub", State.LEASED): (1, 0),
        ("stub", State.QUEUED): (3, 0),
    }
    assert told.bad == {State.FAILED: 2}
    theirs = await outbox.backlog(company_id=2)
    assert theirs == Backlog((Waiting("stub", State.QUEUED, 1, NOON + 500),), {State.FAILED: 2})


async def found(outbox: Outbox, before: int | None = None, limit: int = 100, **wanted: Any) -> list[int]:
    page = await outbox.search(Wanted(**wanted), before_id=before, limit=limit)
    return [message.id for message in page.messages]


async def test_a_search_asks_for_everything_of_one_and_the_same_delivery(outbox: Outbox) -> None:
    both = (
        a_delivery(1, channel="sms", address="+4790000001", state=State.FAILED),
        a_delivery(2, message_id=1, channel="mail", address="Anna@Example.com", associate_id=101),
    )
    token = (a_delivery(3, message_id=3, channel="apns", address="anna-token", device_id=9, associate_id=103),)
    await outbox.accept(Acceptance(messages=(a_message(1),), deliveries=both))
    await outbox.accept(an_acceptance(1, first=4, company_id=2))
    await outbox.accept(Acceptance(messages=(a_message(3),), deliveries=token))
    assert await found(outbox) == [4, 3, 1]
    assert await found(outbox, company_id=2) == [4]
    assert await found(outbox, recipient="anna@") == [1], "a device's token is not searched"
    assert await found(outbox, recipient="nobody", associate_id=103) == [3]
    assert await found(outbox, channel="sms", state=State.FAILED) == [1]
    assert await found(outbox, channel="mail", state=State.FAILED) == []
    assert await found(outbox, recipient="%") == []


async def test_a_search_is_bounded_in_time_and_in_what_it_looks_at(outbox: Outbox) -> None:
    for id in range(1, 8):
        message = a_message(id, created_at=NOON + id * 1000)
        await outbox.accept(Acceptance(messages=(message,), deliveries=(a_delivery(id, channel=f"c{id}"),)))
    assert await found(outbox, since=NOON + 3000, until=NOON + 5000) == [5, 4, 3]
    assert await found(outbox, limit=2, before=6) == [5, 4]
    page = await outbox.search(Wanted(channel="c1", most=3), before_id=None, limit=10)
    assert page.messages == ()
    assert page.further is not None
    while page.further is not None:
        page = await outbox.search(Wanted(channel="c1", most=3), before_id=page.further, limit=10)
    assert [message.id for message in page.messages] == [1]
    assert (await outbox.search(Wanted(), before_id=None, limit=7)).further is None
    assert await outbox.search(Wanted(until=NOON), before_id=None, limit=7) == Found((), None)


async def test_an_empty_outbox_has_nothing_to_find(outbox: Outbox) -> None:
    assert await outbox.search(Wanted(), before_id=None, limit=7) == Found((), None)


async def test_many_deliveries_are_read_in_order_of_id(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(300))
    found = await outbox.deliveries(list(range(300, 0, -1)))
    assert [delivery.id for delivery in found] == list(range(1, 301))


async def test_deliveries_are_found_by_the_ids_their_provider_gave_them(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(3, state=State.LEASED))
    await outbox.accept(an_acceptance(1, first=4, state=State.LEASED, channel="other"))
    await outbox.record(
        [
            Record(delivery_id=id, happening=Happening.ACCEPTED, at=NOON, provider_id=given)
            for id, given in ((1, "a1"), (2, "7"), (3, ""), (4, "a1"))
        ]
    )
    assert [d.id for d in await outbox.known("stub", ["a1", "7", "", "none"])] == [1, 2]
    assert [d.id for d in await outbox.known("other", ["a1"])] == [4]
    assert await outbox.known("stub", []) == []


async def test_old_messages_go_with_their_deliveries_and_attempts(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(2, state=State.SENT))
    attempt = Attempt(delivery_id=1, number=1, started_at=NOON, took_ms=1, outcome="accepted")
    await outbox.record([Record(delivery_id=1, happening=Happening.ARRIVED, at=NOON, attempt=attempt)])
    assert await outbox.prune(before=NOON, limit=10) == 0
    assert await outbox.prune(before=NOON + 1, limit=10) == 2
    assert await outbox.message(1) is None
    assert await outbox.deliveries([1, 2]) == []
    assert await outbox.attempts([1]) == []


@pytest.mark.parametrize("state", list(State))
async def test_only_what_has_settled_is_pruned(outbox: Outbox, state: State) -> None:
    settled = a_delivery(1, state=State.SENT)
    await outbox.accept(
        Acceptance(messages=(a_message(1),), deliveries=(settled, a_delivery(2, message_id=1, state=state)))
    )
    assert await outbox.prune(before=NOON + 1, limit=10) == (1 if state in SETTLED else 0)


async def test_pruning_takes_bites(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(1))
    await outbox.accept(an_acceptance(5, first=2, state=State.DELIVERED))
    assert [await outbox.prune(before=NOON + 1, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert await outbox.message(1) is not None
