"""What every outbox promises of leases: one holder, a new token and one attempt more each time."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.core.delivery import Record
from heliograph.core.lifecycle import Happening, State
from heliograph.core.ports import Outbox
from heliograph.testing.builders import a_message, an_acceptance
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


async def test_a_claim_leases_counts_the_attempt_and_brings_the_message(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(sealed_config=b"secret"))
    [claimed] = await outbox.claim([1], now=NOON + 1, lease_until=NOON + 30)
    assert claimed.message == a_message(1)
    delivery = claimed.delivery
    assert (delivery.state, delivery.attempts, delivery.lease, delivery.lease_until) == (State.LEASED, 1, 1, NOON + 30)
    assert delivery.sealed_config == b"secret"
    assert delivery.updated_at == NOON + 1
    assert await outbox.deliveries([1]) == [delivery]


async def test_a_claimed_delivery_is_not_claimed_again_until_its_lease_lapses(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance())
    await outbox.claim([1], now=NOON, lease_until=NOON + 30)
    assert await outbox.claim([1], now=NOON + 29, lease_until=NOON + 60) == []
    assert await outbox.sweep(now=NOON + 29, limit=10) == 0
    assert await outbox.sweep(now=NOON + 30, limit=10) == 1
    [again] = await outbox.claim([1], now=NOON + 30, lease_until=NOON + 60)
    assert (again.delivery.attempts, again.delivery.lease) == (2, 2)


async def test_of_many_who_claim_at_once_each_delivery_has_one_holder(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(50))
    claims = await asyncio.gather(
        *(outbox.claim(list(range(1, 51)), now=NOON, lease_until=NOON + 30 + n) for n in range(8))
    )
    held = sorted(claimed.delivery.id for claim in claims for claimed in claim)
    assert held == list(range(1, 51))


async def test_an_id_named_twice_is_claimed_once(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance())
    [claimed] = await outbox.claim([1, 1], now=NOON, lease_until=NOON + 30)
    assert claimed.delivery.attempts == 1


async def test_what_is_not_due_yet_is_left_out(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(due_at=NOON + 10))
    assert await outbox.claim([1], now=NOON + 9, lease_until=NOON + 30) == []
    assert len(await outbox.claim([1], now=NOON + 10, lease_until=NOON + 30)) == 1


async def test_what_has_expired_is_left_out(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(expires_at=NOON + 10))
    assert await outbox.claim([1], now=NOON + 10, lease_until=NOON + 30) == []


@pytest.mark.parametrize("state", sorted(set(State) - {State.QUEUED}))
async def test_only_what_is_queued_is_claimed(outbox: Outbox, state: State) -> None:
    await outbox.accept(an_acceptance(state=state, lease_until=NOON + 60))
    assert await outbox.claim([1], now=NOON, lease_until=NOON + 30) == []
    [delivery] = await outbox.deliveries([1])
    assert (delivery.state, delivery.attempts) == (state, 0)


async def test_unknown_ids_are_left_out_silently(outbox: Outbox) -> None:
    assert await outbox.claim([404], now=NOON, lease_until=NOON + 30) == []
    assert await outbox.claim([], now=NOON, lease_until=NOON + 30) == []


async def test_a_sweep_moves_no_more_than_its_limit(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(5))
    await outbox.accept(an_acceptance(5, first=6, expires_at=NOON + 20))
    await outbox.claim(list(range(1, 6)), now=NOON, lease_until=NOON + 10)
    moved = [await outbox.sweep(now=NOON + 20, limit=4) for _ in range(4)]
    assert moved == [4, 4, 2, 0]
    assert await outbox.counts() == {("stub", State.QUEUED): 5, ("stub", State.EXPIRED): 5}


async def test_a_lapsed_lease_is_due_again_at_once_with_its_attempt_counted(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance())
    await outbox.claim([1], now=NOON, lease_until=NOON + 10)
    await outbox.sweep(now=NOON + 10, limit=10)
    [delivery] = await outbox.deliveries([1])
    assert (delivery.state, delivery.attempts, delivery.lease_until) == (State.QUEUED, 1, 0)
    assert delivery.due_at <= NOON + 10


async def test_the_leases_of_a_process_that_is_gone_are_put_back_before_they_lapse(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(3))
    await outbox.claim([1, 2], now=NOON, lease_until=NOON + 60_000)
    assert await outbox.sweep(now=NOON + 1, limit=10) == 0
    assert await outbox.sweep(now=NOON + 1, limit=10, orphaned=True) == 2
    assert [
        claimed.delivery.attempts for claimed in await outbox.claim([1, 2], now=NOON + 1, lease_until=NOON + 9)
    ] == [2, 2]


@pytest.mark.parametrize("state", [State.QUEUED, State.HELD])
async def test_what_waits_beyond_its_time_expires_and_loses_its_configuration(outbox: Outbox, state: State) -> None:
    await outbox.accept(an_acceptance(state=state, expires_at=NOON + 10, sealed_config=b"secret"))
    assert await outbox.sweep(now=NOON + 9, limit=10) == 0
    assert await outbox.sweep(now=NOON + 10, limit=10) == 1
    [delivery] = await outbox.deliveries([1])
    assert (delivery.state, delivery.sealed_config) == (State.EXPIRED, b"")


async def test_a_leased_delivery_does_not_expire_under_its_holder(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(expires_at=NOON + 10))
    await outbox.claim([1], now=NOON, lease_until=NOON + 60)
    assert await outbox.sweep(now=NOON + 20, limit=10) == 0
    [moved] = await outbox.record([Record(delivery_id=1, happening=Happening.ACCEPTED, at=NOON + 20, lease=1)])
    assert moved.state is State.SENT
