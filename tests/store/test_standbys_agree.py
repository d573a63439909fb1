"""The triggers and the store over dicts take the same second ways, whatever befalls the deliveries of a message."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from heliograph.config.settings import StoreSettings
from heliograph.core.delivery import Acceptance, Delivery, Record
from heliograph.core.fallback import Planned, Reason, Standby, chained
from heliograph.core.lifecycle import Happening, State
from heliograph.store.memory import MemoryStore
from heliograph.store.sqlite import open_store
from heliograph.testing.builders import DAY_MS, a_delivery, a_message
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio

STORIES, STEPS = 150, 25
WORDS = [happening for happening in Happening if happening is not Happening.CLAIMED]
WORDS += [Happening.REFUSED, Happening.ACCEPTED, Happening.BOUNCED, Happening.EXPIRED] * 4


def a_story(chance: random.Random, message_id: int) -> Acceptance:
    """One message to up to two people and an address, by up to three ways each, with chains of second ways."""
    deliveries: list[Delivery] = []
    standbys: list[Standby] = []
    first = message_id * 1000
    for person in (101, 102, None):
        for _ in range(chance.randint(0, 3 if person else 1)):
            id = first + len(deliveries) + 1
            made = a_delivery(id, message_id=message_id, associate_id=person, channel=chance.choice("ab"))
            deliveries.append(made)
            plans = [
                Planned(
                    channel=chance.choice(("x", "y")),
                    address=f"to {person}",
                    reaches=chance.choice((person, None)),
                    reasons=tuple(sorted(chance.sample(list(Reason), chance.randint(1, 3)))),
                    after_ms=chance.choice((0, 50, 500)),
                    refused=chance.choice(("", "", "no address")),
                    units=chance.randint(1, 3),
                    spend=chance.choice((0, 600)),
                )
                for _ in range(chance.randint(0, 3))
            ]
            standbys += chained(
                plans,
                first=id,
                ids=[id * 10 + n for n in range(len(plans))],
                message_id=message_id,
                company_id=1,
                associate_id=person,
                expires_at=NOON + chance.choice((300, DAY_MS)),
            )
    message = a_message(message_id)
    return Acceptance(messages=(message,), deliveries=tuple(deliveries), standbys=tuple(standbys))


async def step(store: Any, chance: random.Random, ids: list[int], now: int) -> None:
    match chance.randint(0, 9):
        case 0:
            await store.standbys.take_overdue(now=now, limit=chance.randint(1, 5))
        case 1:
            await store.standbys.take_waiting(chance.choice("abxy"), now=now, limit=chance.randint(1, 5))
        case 2:
            await store.outbox.sweep(now=now, limit=10, orphaned=chance.random() < 0.3)
        case 3 | 4:
            await store.outbox.claim(chance.sample(ids, min(3, len(ids))), now=now, lease_until=now + 100)
        case 5 if chance.random() < 0.1:
            await store.standbys.forget(chance.sample(ids, 1))
        case _:
            happening, id = chance.choice(WORDS), chance.choice(ids)
            record = Record(delivery_id=id, happening=happening, at=now, due_at=now, detail=f"{happening} at {now}")
            await store.outbox.record([record])


async def told(store: Any, message_id: int, now: int) -> tuple[Any, ...]:
    deliveries = await store.outbox.deliveries([message_id])
    usage = await store.usage.usage(1, now=now)
    return deliveries, await store.standbys.standbys([message_id]), usage, await store.standbys.last()


async def test_both_stores_take_the_same_second_ways(tmp_path: Path, clock: JumpingClock) -> None:
    memory, disk = MemoryStore(clock), await open_store(tmp_path / "heliograph.db", StoreSettings(), clock)
    taken = 0
    for story in range(1, STORIES + 1):
        accepted = a_story(random.Random(story), story)
        if not accepted.deliveries:
            continue
        for store in (memory, disk):
            await store.outbox.accept(accepted)
        now = NOON
        for number in range(STEPS):
            now += random.Random(story * 1000 + number).randint(1, 60)
            ids = [delivery.id for delivery in await memory.outbox.deliveries([story])]
            for store in (memory, disk):
                await step(store, random.Random(story * 1000 + number), ids, now)
            assert await told(memory, story, now) == await told(disk, story, now), (story, number)
        deliveries = await memory.outbox.deliveries([story])
        made = [standby for standby in await memory.standbys.standbys([story]) if standby.made_no]
        taken += len(made)
        assert len({(s.channel, s.address) for s in made if s.associate_id}) == len([s for s in made if s.associate_id])
        assert {s.id for s in made} == {d.id for d in deliveries} - {d.id for d in accepted.deliveries}
        for each in made:
            [first] = [delivery for delivery in deliveries if delivery.id == each.replaces]
            assert first.state is not State.LEASED or first.attempts > 0
    assert taken > STORIES / 2, "too few second ways were taken for the test to mean anything"
    await disk.close()
