"""What every store promises of second ways: taken once, in the transaction that loses the first."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.core.delivery import Acceptance, Delivery, Record
from heliograph.core.fallback import LOST, REACHED, Planned, Reason, Standby, Standbys, chained
from heliograph.core.lifecycle import Happening, State
from heliograph.core.moments import DAY_MS
from heliograph.core.ports import Outbox
from heliograph.core.usage import WINDOWS, Span, Usage
from heliograph.testing.builders import a_delivery, a_message
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio

LIVES_UNTIL = NOON + DAY_MS
H = Happening

#: What happens to a leased delivery so that it ends in that state.
ENDS = {
    State.FAILED: (H.REFUSED,),
    State.UNDELIVERED: (H.ACCEPTED, H.BOUNCED),
    State.EXPIRED: (H.EXPIRED,),
    State.CANCELLED: (H.DEFERRED, H.CANCELLED),
    State.DELIVERED: (H.ARRIVED,),
    State.REPLIED: (H.ANSWERED,),
    State.SENT: (H.ACCEPTED,),
}


def a_plan(channel: str = "sms", **changes: Any) -> Planned:
    return replace(
        Planned(channel=channel, address=f"to {channel}", reasons=(Reason.REFUSED,), after_ms=60_000), **changes
    )


def plans_of(first: Delivery, *plans: Planned) -> tuple[Standby, ...]:
    return chained(
        plans,
        first=first.id,
        ids=[first.id * 100 + n for n in range(len(plans))],
        message_id=first.message_id,
        company_id=1,
        associate_id=first.associate_id,
        expires_at=LIVES_UNTIL,
    )


async def accept(outbox: Outbox, plans: dict[int, tuple[Planned, ...]], **changes: Any) -> None:
    """One message with deliveries of those ids, each with its second ways."""
    deliveries = [a_delivery(id, message_id=1, **changes) for id in plans]
    standbys = [standby for first in deliveries for standby in plans_of(first, *plans[first.id])]
    message = a_message(1, expires_at=LIVES_UNTIL)
    await outbox.accept(Acceptance(messages=(message,), deliveries=tuple(deliveries), standbys=tuple(standbys)))


async def end(outbox: Outbox, id: int, state: State, at: int = NOON + 5) -> None:
    """Try a delivery, and let it end so."""
    await outbox.claim([id], now=at, lease_until=at + 1000)
    for happening in ENDS[state]:
        await outbox.record([Record(delivery_id=id, happening=happening, at=at, detail=f"{happening}", due_at=at)])


async def states(outbox: Outbox) -> dict[int, State]:
    return {delivery.id: delivery.state for delivery in await outbox.deliveries([1])}


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("state", sorted(ENDS))
async def test_the_second_way_is_taken_where_the_first_is_lost_for_a_reason_it_was_planned_for(
    outbox: Outbox, standbys: Standbys, state: State, reason: Reason
) -> None:
    await accept(outbox, {1: (a_plan(reasons=(reason,)),)})
    assert await states(outbox) == {1: State.QUEUED}
    await end(outbox, 1, state)
    taken = LOST.get(state) is reason
    assert await states(outbox) == {1: state} | ({100: State.QUEUED} if taken else {})
    assert [(s.id, s.replaces, s.ready, s.made_at) for s in await standbys.taken(after=0, limit=9)] == (
        [(100, 1, reason, NOON + 5)] if taken else []
    )
    waits = state is State.SENT and reason in (
        Reason.NO_RECEIPT,
        Reason.BOUNCED,
        Reason.REFUSED,
        Reason.EXPIRED,
        Reason.PAUSED,
    )
    assert len(await standbys.standbys([1])) == int(taken or waits), "a plan that can never be taken is forgotten"


async def test_the_delivery_made_is_queued_for_what_is_left_of_the_messages_time(outbox: Outbox) -> None:
    await accept(outbox, {1: (a_plan(),)}, associate_id=101, expires_at=NOON + 1000)
    await end(outbox, 1, State.FAILED)
    [_, second] = await outbox.deliveries([1])
    assert (second.channel, second.address, second.associate_id, second.company_id) == ("sms", "to sms", 101, 1)
    assert (second.due_at, second.expires_at, second.attempts) == (NOON + 5, LIVES_UNTIL, 0)
    assert second.detail == "in place of stub (refused): refused"
    [claimed] = await outbox.claim([100], now=NOON + 6, lease_until=NOON + 60)
    assert claimed.message.id == 1


async def test_no_second_way_is_taken_when_the_messages_time_is_over(outbox: Outbox) -> None:
    await accept(outbox, {1: (a_plan(),)})
    await outbox.claim([1], now=NOON, lease_until=LIVES_UNTIL + 50)
    await outbox.record([Record(delivery_id=1, happening=H.REFUSED, at=LIVES_UNTIL)])
    assert await states(outbox) == {1: State.FAILED}


async def test_a_way_without_an_address_says_so_when_it_would_be_taken(outbox: Outbox, usage: Usage) -> None:
    await accept(outbox, {1: (a_plan(address="", refused="the recipient has no phone number"),)})
    await end(outbox, 1, State.FAILED)
    [_, second] = await outbox.deliveries([1])
    assert (second.state, second.detail) == (
        State.FAILED,
        "in place of stub (refused): the recipient has no phone number",
    )
    assert await usage.usage(1, now=NOON) == []


async def test_ways_are_taken_one_after_the_other(outbox: Outbox, standbys: Standbys) -> None:
    chain = (a_plan("sms1"), a_plan("sms2", reasons=(Reason.REFUSED, Reason.EXPIRED), after_ms=7000), a_plan("sms3"))
    await accept(outbox, {1: chain})
    await end(outbox, 1, State.FAILED)
    assert await states(outbox) == {1: State.FAILED, 100: State.QUEUED}
    second = (await outbox.deliveries([1]))[1]
    assert second.expires_at == NOON + 5 + 7000, "its share of the time, after which the third way is taken"
    await outbox.sweep(now=NOON + 5 + 7000, limit=10)
    await end(outbox, 101, State.FAILED, at=NOON + 9000)
    await end(outbox, 102, State.SENT, at=NOON + 9001)
    assert await states(outbox) == {1: State.FAILED, 100: State.EXPIRED, 101: State.FAILED, 102: State.SENT}
    assert [(s.made_no, s.channel) for s in await standbys.taken(after=0, limit=9)] == [
        (1, "sms1"),
        (2, "sms2"),
        (3, "sms3"),
    ]
    assert await standbys.last() == 3
    assert [s.channel for s in await standbys.taken(after=1, limit=1)] == ["sms2"]


async def test_a_receipt_that_does_not_come_in_time_takes_the_second_way_and_still_counts_when_it_comes(
    outbox: Outbox, standbys: Standbys
) -> None:
    await accept(outbox, {1: (a_plan(reasons=(Reason.NO_RECEIPT,)),)})
    await end(outbox, 1, State.SENT)
    assert await standbys.take_overdue(now=NOON + 60_004, limit=9) == 0
    assert await standbys.take_overdue(now=NOON + 60_005, limit=9) == 1
    assert await standbys.take_overdue(now=NOON + 60_006, limit=9) == 0
    assert await states(outbox) == {1: State.SENT, 100: State.QUEUED}
    await end(outbox, 100, State.SENT, at=NOON + 61_000)
    await outbox.record([Record(delivery_id=1, happening=H.ARRIVED, at=NOON + 62_000)])
    assert await states(outbox) == {1: State.DELIVERED, 100: State.SENT}


async def test_a_receipt_in_time_ends_the_plan(outbox: Outbox, standbys: Standbys) -> None:
    await accept(outbox, {1: (a_plan(reasons=(Reason.NO_RECEIPT, Reason.BOUNCED)),)})
    await end(outbox, 1, State.SENT)
    await outbox.record([Record(delivery_id=1, happening=H.ARRIVED, at=NOON + 6)])
    assert await standbys.standbys([1]) == []
    assert await standbys.take_overdue(now=LIVES_UNTIL - 1, limit=9) == 0


@pytest.mark.parametrize("reached", sorted(REACHED))
async def test_a_late_receipt_withdraws_a_second_way_that_is_still_queued(
    outbox: Outbox, standbys: Standbys, reached: State
) -> None:
    await accept(outbox, {1: (a_plan(reasons=(Reason.NO_RECEIPT,)), a_plan("mail"))})
    await end(outbox, 1, State.SENT)
    assert await standbys.take_overdue(now=NOON + 70_000, limit=9) == 1
    happening = H.ARRIVED if reached is State.DELIVERED else H.ANSWERED
    await outbox.record([Record(delivery_id=1, happening=happening, at=NOON + 71_000)])
    [_, second] = await outbox.deliveries([1])
    assert (second.state, second.detail) == (State.CANCELLED, "not needed: delivery 1 has arrived")
    assert [s.channel for s in await standbys.standbys([1])] == ["sms"], "and the third way is not planned any more"


async def test_of_several_devices_of_one_person_the_last_that_is_lost_takes_the_one_second_way(
    outbox: Outbox, standbys: Standbys
) -> None:
    plan = (a_plan(), a_plan("mail"))
    await accept(outbox, {1: plan, 2: plan, 3: plan}, associate_id=101)
    await end(outbox, 2, State.FAILED)
    await end(outbox, 1, State.FAILED)
    assert State.QUEUED not in {(await states(outbox)).get(id) for id in (100, 200, 300)}
    await end(outbox, 3, State.FAILED)
    assert await states(outbox) == dict.fromkeys((1, 2, 3), State.FAILED) | {300: State.QUEUED}
    await end(outbox, 300, State.FAILED)
    assert (await states(outbox))[301] is State.QUEUED, "the chain goes on where it was taken, and nowhere else"
    assert [s.id for s in await standbys.standbys([1])] == [300, 301]


async def test_a_device_that_is_lost_for_another_reason_does_not_keep_the_others_from_their_second_way(
    outbox: Outbox,
) -> None:
    await accept(outbox, {1: (a_plan(),), 2: (a_plan(),)}, associate_id=101)
    await end(outbox, 1, State.FAILED)
    await end(outbox, 2, State.EXPIRED)
    assert await states(outbox) == {1: State.FAILED, 2: State.EXPIRED, 100: State.QUEUED}


async def test_what_reaches_a_person_anywhere_ends_that_persons_plans_and_nobody_elses(
    outbox: Outbox, standbys: Standbys
) -> None:
    first, inbox = a_delivery(1, associate_id=101), a_delivery(2, message_id=1, associate_id=101, channel="inbox")
    other = a_delivery(3, message_id=1, associate_id=102)
    await outbox.accept(
        Acceptance(
            messages=(a_message(1),),
            deliveries=(first, inbox, other),
            standbys=(*plans_of(first, a_plan()), *plans_of(other, a_plan(address="to 102"))),
        )
    )
    await end(outbox, 2, State.DELIVERED)
    assert [s.id for s in await standbys.standbys([1])] == [300]
    await end(outbox, 1, State.FAILED)
    await end(outbox, 3, State.FAILED)
    assert sorted(await states(outbox)) == [1, 2, 3, 300]


async def test_a_way_to_a_user_ends_the_chain_of_an_address_that_named_none(outbox: Outbox, standbys: Standbys) -> None:
    await accept(outbox, {1: (a_plan("inbox", reaches=103), a_plan("mail"))})
    await end(outbox, 1, State.FAILED)
    [_, second] = await outbox.deliveries([1])
    assert (second.associate_id, second.channel) == (103, "inbox")
    await end(outbox, 100, State.DELIVERED)
    assert [s.id for s in await standbys.standbys([1])] == [100]


async def test_a_dead_letter_that_is_sent_again_has_no_further_second_way(outbox: Outbox) -> None:
    await accept(outbox, {1: (a_plan(),)})
    await end(outbox, 1, State.FAILED)
    await outbox.record([Record(delivery_id=1, happening=H.RETRIED, at=NOON + 6)])
    await end(outbox, 1, State.FAILED, at=NOON + 7)
    assert await states(outbox) == {1: State.FAILED, 100: State.QUEUED}


async def test_what_is_queued_on_a_paused_channel_goes_the_other_way_and_not_both(
    outbox: Outbox, standbys: Standbys
) -> None:
    first, other = ((a_plan(address=to, reasons=(Reason.PAUSED,)),) for to in ("one", "other"))
    await accept(outbox, {1: first, 2: (a_plan(address="else", reasons=(Reason.REFUSED,)),), 3: other})
    await outbox.claim([3], now=NOON, lease_until=NOON + 1000)
    assert await standbys.take_waiting("another", now=NOON + 1, limit=9) == 0
    assert await standbys.take_waiting("stub", now=NOON + 1, limit=9) == 1
    assert await standbys.take_waiting("stub", now=NOON + 2, limit=9) == 0
    assert await states(outbox) == {1: State.CANCELLED, 2: State.QUEUED, 3: State.LEASED, 100: State.QUEUED}


async def test_plans_of_what_an_operator_withdraws_are_not_taken(outbox: Outbox, standbys: Standbys) -> None:
    chain = (a_plan(reasons=(Reason.NO_RECEIPT,)), a_plan("mail"))
    await accept(outbox, {1: chain, 2: (a_plan(address="else"),)})
    await end(outbox, 1, State.SENT)
    assert await standbys.forget([1, 9]) == 2
    assert await standbys.forget([1]) == 0
    assert await standbys.take_overdue(now=NOON + 70_000, limit=9) == 0
    await end(outbox, 2, State.FAILED)
    assert await states(outbox) == {1: State.SENT, 2: State.FAILED, 200: State.QUEUED}


async def test_a_second_way_counts_for_its_channels_quota(outbox: Outbox, usage: Usage) -> None:
    await accept(outbox, {1: (a_plan(units=3, spend=1800),)})
    await end(outbox, 1, State.FAILED)
    counted = [(u.scope, u.starts_at, u.ends_at, u.units) for u in await usage.usage(1, now=NOON)]
    wanted = [
        (scope, *WINDOWS[span](NOON + 5), n) for scope, n in (("channel:sms", 3), ("spending", 1800)) for span in Span
    ]
    assert sorted(counted) == sorted(wanted)


async def test_plans_are_removed_with_their_message(outbox: Outbox, standbys: Standbys) -> None:
    await accept(outbox, {1: (a_plan(), a_plan("mail"))})
    await end(outbox, 1, State.FAILED)
    await end(outbox, 100, State.DELIVERED)
    assert await outbox.prune(before=NOON + 1, limit=9) == 1
    assert await standbys.standbys([1]) == []
    await accept(outbox, {1: (a_plan(),)})
    await end(outbox, 1, State.FAILED)
    assert [s.made_no for s in await standbys.taken(after=1, limit=9)] == [2], "numbers are never given twice"
