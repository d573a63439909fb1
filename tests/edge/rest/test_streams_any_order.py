"""Readers of live streams, slow, quick and gone: each that stays sees every item once and in order, and none is kept on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from heliograph.core.delivery import InboxItem
from heliograph.core.errors import NotAuthenticated
from heliograph.edge.rest.streams import Streams
from heliograph.intake.inbox import InboxService
from heliograph.store.memory import MemoryStore
from heliograph.system.feed import InProcessFeed
from heliograph.testing.builders import a_caller, an_item
from heliograph.testing.clock import JumpingClock
from heliograph.testing.flaky import Flaky

pytestmark = pytest.mark.anyio

OWNERS = (101, 102)
COMMENT, HELLO = b"comment", b"hello"


def encode(item: InboxItem) -> bytes:
    return b"%d" % item.id


class Harbour:
    """An inbox, its feed, and readers that come and go by the numbers of a seed."""

    def __init__(self, seed: int, clock: JumpingClock) -> None:
        self.chance = random.Random(seed)
        self.store = MemoryStore(clock)
        self.feed = InProcessFeed(buffer=self.chance.choice((1, 2, 20)))
        self.shelf = Flaky(self.store.inbox)
        self.service = InboxService(self.shelf, self.feed, None, self.store.answers)  # type: ignore[arg-type]
        self.streams = Streams(heartbeat=self.chance.choice((0.001, 15.0)))
        self.sent: dict[int, list[int]] = {owner: [] for owner in OWNERS}
        self.readers: list[asyncio.Task[tuple[int, bool, list[int]]]] = []
        self.welcome = True

    async def deliver(self) -> None:
        owner = self.chance.choice(OWNERS)
        made = [an_item(1 + sum(map(len, self.sent.values())), associate_id=owner)]
        [kept] = await self.store.inbox.put(made)
        self.sent[owner].append(kept.id)
        self.feed.publish(kept)

    async def read(self, owner: int, most: int, slow: bool) -> tuple[int, bool, list[int]]:
        """Whose, whether to the end, and what was read, by one who leaves after so many pieces."""
        seen: list[int] = []

        async def still_welcome() -> None:
            if not self.welcome:
                raise NotAuthenticated("no longer")

        items: AsyncIterator[InboxItem] = self.service.stream(a_caller(associate_id=owner), after_id=0)
        pieces = self.streams.open(items, encode, still_welcome, hello=HELLO, comment=COMMENT)
        async with aclosing(pieces):  # type: ignore[type-var]
            async for piece in pieces:
                if piece not in (HELLO, COMMENT):
                    seen.append(int(piece))
                if slow:
                    await asyncio.sleep(0)
                if len(seen) >= most:
                    return owner, False, seen
        return owner, True, seen

    async def step(self) -> None:
        chance = self.chance
        match chance.randint(0, 9):
            case 0 | 1:
                most = chance.choice((1, 5, 10_000))
                reading = self.read(chance.choice(OWNERS), most, chance.random() < 0.5)
                self.readers.append(asyncio.create_task(reading))
            case 2 if self.readers:
                chance.choice(self.readers).cancel()
            case 3:
                self.shelf.hold("items_after")
            case 4:
                self.shelf.heal()
            case 5:
                for _ in range(chance.randint(0, 6)):
                    await asyncio.sleep(0)
            case _:
                for _ in range(chance.randint(1, 40)):
                    await self.deliver()


async def test_each_reader_that_stays_sees_every_item_once_and_in_order_and_none_is_kept_on(
    clock: JumpingClock,
) -> None:
    whole, tasks = 0, len(asyncio.all_tasks())
    for seed in range(60):
        harbour = Harbour(seed, clock)
        for _ in range(40):
            await harbour.step()
        harbour.shelf.heal()
        await asyncio.sleep(0.01)
        for _ in range(400):
            await asyncio.sleep(0)
        if seed % 2:
            harbour.streams.stop()
        for one in harbour.readers if not seed % 2 else ():
            one.cancel()
        ends = await asyncio.gather(*harbour.readers, return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                assert isinstance(end, asyncio.CancelledError), (seed, end)
                continue
            owner, to_the_end, seen = end
            assert seen == harbour.sent[owner][: len(seen)], seed
            if to_the_end:
                assert len(seen) == len(harbour.sent[owner]), (seed, "some were missed")
                whole += 1
        for _ in range(5):
            await asyncio.sleep(0)
        assert (len(harbour.streams), harbour.feed.listeners, len(asyncio.all_tasks())) == (0, 0, tasks), seed
    assert whole > 50, "too few stayed for the story to mean anything"
