"""A provider's receipt reaches the delivery it speaks of, and no other."""

from __future__ import annotations

import pytest

from heliograph.core.delivery import Acceptance, Record, Report
from heliograph.core.lifecycle import Happening, State
from heliograph.intake.reports import ProviderReports
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import a_delivery, a_message
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


async def sent(clock: JumpingClock, *known: tuple[str, str]) -> tuple[MemoryStore, ProviderReports]:
    """Deliveries 1, 2, ... to these addresses, by these provider ids."""
    store = MemoryStore(clock)
    deliveries = tuple(
        a_delivery(id, message_id=1, address=to, state=State.LEASED) for id, (to, _) in enumerate(known, start=1)
    )
    await store.outbox.accept(Acceptance(messages=(a_message(),), deliveries=deliveries))
    await store.outbox.record(
        [
            Record(delivery_id=id, happening=Happening.ACCEPTED, at=NOON, provider_id=given)
            for id, (_, given) in enumerate(known, start=1)
        ]
    )
    return store, ProviderReports(store.outbox, clock, store.parts)


async def states(store: MemoryStore) -> list[State]:
    return [delivery.state for delivery in await store.outbox.deliveries([1])]


async def test_a_receipt_moves_its_delivery(clock: JumpingClock) -> None:
    store, reports = await sent(clock, ("+471", "a"), ("+472", "b"))
    assert await reports.report("stub", Report(ids=("b",), happening=Happening.BOUNCED, detail="no such number"))
    assert await states(store) == [State.SENT, State.UNDELIVERED]
    assert (await store.outbox.deliveries([1]))[1].detail == "no such number"


async def test_a_receipt_for_nothing_we_know_says_so(clock: JumpingClock) -> None:
    store, reports = await sent(clock, ("+471", "a"))
    assert not await reports.report("stub", Report(ids=("z",), happening=Happening.ARRIVED))
    assert not await reports.report("other", Report(ids=("a",), happening=Happening.ARRIVED))
    assert await states(store) == [State.SENT]


async def test_where_two_notations_meet_the_address_decides(clock: JumpingClock) -> None:
    """10 in hexadecimal is 16 in decimal: a message centre that mixes them may mean either."""
    store, reports = await sent(clock, ("+471", "10"), ("+472", "16"))
    await reports.report("stub", Report(ids=("10", "16"), happening=Happening.ARRIVED, address="+472"))
    assert await states(store) == [State.SENT, State.DELIVERED]


async def test_without_an_address_the_id_as_it_came_decides(clock: JumpingClock) -> None:
    store, reports = await sent(clock, ("+471", "10"), ("+472", "16"))
    await reports.report("stub", Report(ids=("10", "16"), happening=Happening.ARRIVED))
    assert await states(store) == [State.DELIVERED, State.SENT]


async def test_a_receipt_that_comes_twice_changes_nothing(clock: JumpingClock) -> None:
    store, reports = await sent(clock, ("+471", "a"))
    for happening in (Happening.ARRIVED, Happening.ARRIVED, Happening.BOUNCED):
        assert await reports.report("stub", Report(ids=("a",), happening=happening))
    assert await states(store) == [State.DELIVERED]
