"""What every store promises of AfterAsync events."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from heliograph.core.errors import Conflict
from heliograph.core.ports import Agenda, Outbox
from heliograph.testing.builders import an_acceptance, an_event
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio
LEASE = NOON + 30_000


async def test_an_event_is_kept_with_the_call_it_belongs_to(outbox: Outbox, agenda: Agenda) -> None:
    await outbox.accept(replace(an_acceptance(), events=(an_event(7, payload=b"\x00secret"),)))
    assert await agenda.claim(now=NOON, lease_until=LEASE, limit=9) == [
        an_event(7, payload=b"\x00secret", lease_until=LEASE, attempts=1)
    ]


async def test_an_event_is_not_kept_when_its_call_is_not(outbox: Outbox, agenda: Agenda) -> None:
    await outbox.accept(an_acceptance())
    with pytest.raises(Conflict):
        await outbox.accept(replace(an_acceptance(), events=(an_event(),)))
    assert await agenda.claim(now=NOON, lease_until=LEASE, limit=9) == []


async def test_a_call_is_not_kept_when_its_event_id_is_taken(outbox: Outbox, agenda: Agenda) -> None:
    await outbox.accept(replace(an_acceptance(), events=(an_event(),)))
    with pytest.raises(Conflict, match="event id"):
        await outbox.accept(replace(an_acceptance(first=2), events=(an_event(),)))
    assert await outbox.message(2) is None


async def test_a_held_event_is_not_claimed_until_its_lease_lapses(agenda: Agenda) -> None:
    await agenda.settle(done=[], kept=[an_event(lease_until=LEASE)])
    assert await agenda.claim(now=LEASE - 1, lease_until=LEASE, limit=9) == []
    await agenda.renew([1, 99], lease_until=LEASE + 5)
    assert await agenda.claim(now=LEASE, lease_until=LEASE, limit=9) == []
    [event] = await agenda.claim(now=LEASE + 5, lease_until=LEASE + 30, limit=9)
    assert (event.id, event.attempts) == (1, 1)
    assert await agenda.claim(now=LEASE + 5, lease_until=LEASE + 30, limit=9) == []


async def test_the_oldest_free_events_are_claimed_first_and_no_more_than_asked_for(agenda: Agenda) -> None:
    await agenda.settle(done=[], kept=[an_event(3, lease_until=5), an_event(1, lease_until=9), an_event(2)])
    assert [event.id for event in await agenda.claim(now=NOON, lease_until=LEASE, limit=2)] == [2, 3]
    assert [event.id for event in await agenda.claim(now=NOON, lease_until=LEASE, limit=2)] == [1]


async def test_what_is_done_is_forgotten_and_what_has_changed_is_kept_in_its_place(agenda: Agenda) -> None:
    await agenda.settle(done=[], kept=[an_event(1), an_event(2)])
    await agenda.settle(done=[1, 99], kept=[an_event(2, payload=b"joined")])
    [event] = await agenda.claim(now=NOON, lease_until=LEASE, limit=9)
    assert (event.id, event.payload) == (2, b"joined")


async def test_releasing_ends_every_lease(agenda: Agenda) -> None:
    await agenda.settle(done=[], kept=[an_event(1, lease_until=LEASE), an_event(2, lease_until=LEASE), an_event(3)])
    assert await agenda.release() == 2
    assert len(await agenda.claim(now=NOON, lease_until=LEASE, limit=9)) == 3
