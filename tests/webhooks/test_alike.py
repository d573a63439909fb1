"""Whatever befalls deliveries, in whatever order and company: the store on disk tells what the one over dicts tells."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heliograph.config.settings import StoreSettings
from heliograph.core.delivery import Acceptance, Record
from heliograph.core.lifecycle import Happening, State
from heliograph.core.message import Push, Text
from heliograph.core.webhooks import Endpoint, EventType
from heliograph.store.memory import MemoryStore
from heliograph.store.sqlite import SqliteStore, open_store
from heliograph.testing.builders import a_delivery, a_message
from heliograph.testing.clock import SATURDAY_NOON, JumpingClock

pytestmark = pytest.mark.anyio

Store = MemoryStore | SqliteStore


class Story:
    """The same random steps for every store."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._ids: list[int] = []
        self._leases: dict[int, int] = {}
        self._now = SATURDAY_NOON

    async def steps(self, store: Store) -> None:
        """Subscribe, then let things happen."""
        for _ in range(self._chance.randint(1, 3)):
            await store.webhooks.add_endpoint(self._endpoint())
        for _ in range(40):
            self._now += self._chance.randint(0, 3_600_000)
            await self._chance.choice([self._accept, self._claim, self._record, self._record, self._sweep])(store)

    def _endpoint(self) -> Endpoint:
        types = self._chance.sample(list(EventType), self._chance.randint(0, 6))
        return Endpoint(
            id=0,
            company_id=self._chance.randint(1, 2),
            url="https://a.example.com/",
            types=tuple(type.value for type in types),
            content=self._chance.random() < 0.5,
        )

    async def _accept(self, store: Store) -> None:
        count = self._chance.randint(1, 4)
        company = self._chance.randint(1, 2)
        message_id, first = await store.outbox.reserve(1, count)
        content = self._chance.choice([Push(title="x"), Text(body="y"), Text(sender="+4712345678", inbound=True)])
        message = a_message(message_id, company_id=company, content=content, created_at=self._now)
        deliveries = tuple(
            a_delivery(
                first + n,
                message_id=message_id,
                company_id=company,
                state=self._chance.choice([State.QUEUED, State.QUEUED, State.FAILED, State.HELD]),
                device_id=self._chance.choice([None, 3]),
            )
            for n in range(count)
        )
        self._ids += [delivery.id for delivery in deliveries]
        await store.outbox.accept(Acceptance(messages=(message,), deliveries=deliveries))

    async def _claim(self, store: Store) -> None:
        claimed = await store.outbox.claim(self._ids, now=self._now, lease_until=self._now + 1000)
        self._leases |= {one.delivery.id: one.delivery.lease for one in claimed}

    async def _record(self, store: Store) -> None:
        records = [
            Record(
                delivery_id=id,
                happening=self._chance.choice(list(Happening)),
                at=self._now,
                lease=self._chance.choice([None, self._leases.get(id), 99]),
                due_at=self._now,
                detail=self._chance.choice(["", "why", "to address-1"]),
                provider_id=self._chance.choice(["", "p-1"]),
            )
            for id in self._chance.choices(self._ids or [1], k=self._chance.randint(1, 6))
        ]
        await store.outbox.record(records)

    async def _sweep(self, store: Store) -> None:
        await store.outbox.sweep(now=self._now, limit=100)


async def told(store: Store) -> list[tuple[str, Any]]:
    """Every notice, by the endpoint it is for; in no order, because none is promised."""
    found = []
    while made := await store.webhooks.expand():
        for delivery in made:
            message = await store.outbox.message(delivery.message_id)
            assert message is not None
            assert isinstance(message.content, Text)
            found.append((delivery.address, msgspec.json.decode(message.content.body)))
    return sorted(found, key=lambda pair: (pair[0], msgspec.json.encode(pair[1], order="sorted")))


@pytest.mark.parametrize("seed", range(25))
async def test_both_stores_tell_the_same_of_the_same(tmp_path: Path, clock: JumpingClock, seed: int) -> None:
    memory: Store = MemoryStore(clock)
    disk: Store = await open_store(tmp_path / "heliograph.db", StoreSettings(), clock)
    await Story(seed).steps(memory)
    await Story(seed).steps(disk)
    on_disk = await told(disk)
    assert on_disk == await told(memory)
    await disk.close()


async def test_the_stories_are_worth_telling(clock: JumpingClock) -> None:
    types: set[str] = set()
    for seed in range(25):
        store = MemoryStore(clock)
        await Story(seed).steps(store)
        types |= {said["type"] for _, said in await told(store)}
    unseen = {type.value for type in EventType} - types
    assert unseen == {"message.replied", "device.pruned", "endpoint.disabled"}, "these are told elsewhere"
