"""What every outbox promises of records: the lifecycle table decides, attempts are kept, stale tokens move nothing."""

from __future__ import annotations

import asyncio
from itertools import product

import pytest

from heliograph.core.delivery import Attempt, Delivery, Moved, Receipt, Record
from heliograph.core.lifecycle import MOVES, SPENT, Happening, State, can
from heliograph.core.ports import Outbox
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio

PAIRS = list(product(State, set(Happening) - {Happening.CLAIMED}))


def an_attempt(delivery_id: int = 1, number: int = 1, **changes: object) -> Attempt:
    return Attempt(delivery_id=delivery_id, number=number, started_at=NOON, took_ms=7, outcome="accepted", **changes)


async def only_delivery(outbox: Outbox) -> Delivery:
    [delivery] = await outbox.deliveries([1])
    return delivery


async def test_every_move_of_the_lifecycle_table_and_no_other_is_made(outbox: Outbox) -> None:
    for id, (state, _) in enumerate(PAIRS, start=1):
        await outbox.accept(an_acceptance(first=id, state=state, sealed_config=b"secret"))
    moved = await outbox.record(
        [Record(delivery_id=id, happening=happening, at=NOON + 5) for id, (_, happening) in enumerate(PAIRS, start=1)]
    )
    found = {delivery.id: delivery for delivery in await outbox.deliveries(range(1, len(PAIRS) + 1))}
    for id, (state, happening) in enumerate(PAIRS, start=1):
        legal = can(state, happening)
        now = MOVES[state][happening] if legal else state
        assert moved[id - 1] == Moved(id, now, legal), (state, happening)
        assert found[id].state is now, (state, happening)
        assert found[id].sealed_config == (b"" if legal and now in SPENT else b"secret"), (state, happening)
        assert found[id].updated_at == (NOON + 5 if legal else NOON), (state, happening)


async def test_only_a_claim_can_lease(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance())
    assert await outbox.record([Record(delivery_id=1, happening=Happening.CLAIMED, at=NOON)]) == [
        Moved(1, State.QUEUED, False)
    ]


async def test_a_stale_lease_keeps_its_attempt_and_moves_nothing(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance())
    await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    await outbox.sweep(now=NOON + 10, limit=1)
    await outbox.claim([1], now=NOON + 10, lease_until=NOON + 20)
    late = Record(delivery_id=1, happening=Happening.REFUSED, at=NOON + 11, lease=1, attempt=an_attempt())
    assert await outbox.record([late]) == [Moved(1, State.LEASED, False)]
    assert await outbox.attempts([1]) == [an_attempt()]
    kept = Record(delivery_id=1, happening=Happening.ACCEPTED, at=NOON + 12, lease=2, attempt=an_attempt(number=2))
    assert await outbox.record([kept]) == [Moved(1, State.SENT, True)]
    assert await outbox.attempts([1]) == [an_attempt(), an_attempt(number=2)]


async def test_an_acceptance_by_the_provider_keeps_its_id_and_words(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance())
    await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    await outbox.record(
        [Record(delivery_id=1, happening=Happening.ACCEPTED, at=NOON + 3, lease=1, provider_id="abc", detail="taken")]
    )
    sent = await only_delivery(outbox)
    assert (sent.provider_id, sent.detail, sent.lease_until, sent.updated_at) == ("abc", "taken", 0, NOON + 3)
    await outbox.record([Record(delivery_id=1, happening=Happening.ARRIVED, at=NOON + 4, detail="on the device")])
    arrived = await only_delivery(outbox)
    assert (arrived.state, arrived.provider_id, arrived.detail) == (State.DELIVERED, "abc", "on the device")


async def test_a_deferral_sets_the_next_due_time_and_keeps_the_configuration(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(sealed_config=b"secret"))
    await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    deferral = Record(delivery_id=1, happening=Happening.DEFERRED, at=NOON + 1, lease=1, due_at=NOON + 500)
    assert await outbox.record([deferral]) == [Moved(1, State.QUEUED, True)]
    waiting = await only_delivery(outbox)
    assert (waiting.due_at, waiting.attempts, waiting.sealed_config) == (NOON + 500, 1, b"secret")
    assert await outbox.claim([1], now=NOON + 499, lease_until=NOON + 600) == []


async def test_a_refund_takes_the_attempt_back(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance())
    await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    await outbox.record(
        [Record(delivery_id=1, happening=Happening.DEFERRED, at=NOON, lease=1, due_at=NOON, refund=True)]
    )
    assert (await only_delivery(outbox)).attempts == 0
    [again] = await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    assert (again.delivery.attempts, again.delivery.lease) == (1, 2)


async def test_a_dead_letter_sent_again_starts_afresh(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(expires_at=NOON + 100))
    await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    await outbox.record([Record(delivery_id=1, happening=Happening.EXHAUSTED, at=NOON + 1, lease=1)])
    await outbox.record([Record(delivery_id=1, happening=Happening.RETRIED, at=NOON + 900, expires_at=NOON + 1900)])
    retried = await only_delivery(outbox)
    assert (retried.state, retried.attempts, retried.due_at) == (State.QUEUED, 0, NOON + 900)
    [claimed] = await outbox.claim([1], now=NOON + 900, lease_until=NOON + 910)
    assert claimed.delivery.attempts == 1


async def test_a_retry_may_be_set_for_later(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(state=State.FAILED))
    await outbox.record([Record(delivery_id=1, happening=Happening.RETRIED, at=NOON, due_at=NOON + 60)])
    assert (await only_delivery(outbox)).due_at == NOON + 60


async def test_records_of_one_delivery_in_one_call_are_applied_in_order(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance())
    await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    moved = await outbox.record(
        [
            Record(delivery_id=1, happening=Happening.ACCEPTED, at=NOON, lease=1),
            Record(delivery_id=1, happening=Happening.ARRIVED, at=NOON + 1),
            Record(delivery_id=1, happening=Happening.REFUSED, at=NOON + 2),
            Record(delivery_id=1, happening=Happening.ANSWERED, at=NOON + 3),
        ]
    )
    assert [(one.state, one.moved) for one in moved] == [
        (State.SENT, True),
        (State.DELIVERED, True),
        (State.DELIVERED, False),
        (State.REPLIED, True),
    ]


async def test_a_record_of_nothing_answers_that_there_is_none_and_keeps_no_attempt(outbox: Outbox) -> None:
    lost = Record(delivery_id=404, happening=Happening.ACCEPTED, at=NOON, attempt=an_attempt(404))
    assert await outbox.record([lost]) == [Moved(404, None, False)]
    assert await outbox.attempts([404]) == []
    assert await outbox.record([]) == []


async def test_callers_who_record_at_once_each_get_their_own_answers(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(60))
    await outbox.claim(list(range(1, 61)), now=NOON, lease_until=NOON + 10)

    async def settle(first: int) -> list[Moved]:
        return await outbox.record(
            [Record(delivery_id=id, happening=Happening.ACCEPTED, at=NOON, lease=1) for id in (first, 1000, first + 1)]
        )

    answers = await asyncio.gather(*(settle(first) for first in range(1, 61, 2)))
    assert answers == [
        [Moved(first, State.SENT, True), Moved(1000, None, False), Moved(first + 1, State.SENT, True)]
        for first in range(1, 61, 2)
    ]


async def test_attempts_read_as_they_were_made_in_order_of_delivery_and_number(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(2))
    made = [an_attempt(2, 1), an_attempt(1, 2, detail="late \x00 \u2603"), an_attempt(1, 1)]
    await outbox.record(
        [Record(delivery_id=a.delivery_id, happening=Happening.REFUSED, at=NOON, lease=9, attempt=a) for a in made]
    )
    assert await outbox.attempts([2, 1]) == [made[2], made[1], made[0]]


async def test_a_dead_letter_keeps_its_configuration_for_as_long_as_it_may_be_sent_again(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(expires_at=NOON + 100, sealed_config=b"secret"))
    await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    await outbox.record([Record(delivery_id=1, happening=Happening.REFUSED, at=NOON + 1, lease=1)])
    await outbox.sweep(now=NOON + 99, limit=10)
    assert (await only_delivery(outbox)).sealed_config == b"secret"

    await outbox.record([Record(delivery_id=1, happening=Happening.RETRIED, at=NOON + 50)])
    [again] = await outbox.claim([1], now=NOON + 50, lease_until=NOON + 60)
    assert again.delivery.sealed_config == b"secret"
    await outbox.record([Record(delivery_id=1, happening=Happening.REFUSED, at=NOON + 51, lease=2)])
    await outbox.sweep(now=NOON + 100, limit=10)
    dead = await only_delivery(outbox)
    assert (dead.state, dead.sealed_config) == (State.FAILED, b"")


async def test_what_is_said_of_a_delivery_later_is_kept_once_with_its_time_and_words(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance())
    await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    said = [
        Record(delivery_id=1, happening=Happening.ACCEPTED, at=NOON + 1, lease=1, detail="taken"),
        Record(delivery_id=1, happening=Happening.ARRIVED, at=NOON + 2, detail="on the phone"),
        Record(delivery_id=1, happening=Happening.ARRIVED, at=NOON + 3, detail="on the phone"),
        Record(delivery_id=1, happening=Happening.BOUNCED, at=NOON + 4, detail="lost after all"),
        Record(delivery_id=9, happening=Happening.ARRIVED, at=NOON + 4, detail="of nobody"),
    ]
    for record in said:
        await outbox.record([record])
    assert await outbox.receipts([1, 9]) == [
        Receipt(delivery_id=1, happening=Happening.ARRIVED, detail="on the phone", at=NOON + 2),
        Receipt(delivery_id=1, happening=Happening.BOUNCED, detail="lost after all", at=NOON + 4),
    ]
    assert (await only_delivery(outbox)).state is State.DELIVERED, "a word that moves nothing is kept all the same"
    assert await outbox.prune(before=NOON + 1, limit=9) == 1
    assert await outbox.receipts([1]) == []
