"""The directory's memory: quick, bounded, short, and never behind a write of its own."""

from __future__ import annotations

import asyncio
import time

import pytest
from msgspec.structs import replace

from heliograph.core.people import User
from heliograph.store.cached import CachedDirectory
from heliograph.store.memory import MemoryDirectory
from heliograph.store.memory.tables import Tables
from heliograph.testing.builders import a_company, a_device, a_user
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


class CountingDirectory(MemoryDirectory):
    """A directory in memory that counts what it is asked, and can be slow to answer."""

    def __init__(self) -> None:
        super().__init__(Tables())
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def user(self, associate_id: int) -> User | None:
        self.asked += 1
        found = await super().user(associate_id)
        await self.may_answer.wait()
        return found


@pytest.fixture
def behind() -> CountingDirectory:
    return CountingDirectory()


@pytest.fixture
def cached(behind: CountingDirectory, clock: JumpingClock) -> CachedDirectory:
    return CachedDirectory(behind, clock, seconds=1.0, most=3)


async def test_an_answer_is_remembered_for_its_seconds(
    cached: CachedDirectory, behind: CountingDirectory, clock: JumpingClock
) -> None:
    await behind.add_user(a_user())
    for _ in range(5):
        assert await cached.user(101) == a_user()
    assert behind.asked == 1
    await clock.jump(0.99)
    await cached.user(101)
    assert behind.asked == 1
    await clock.jump(0.01)
    await cached.user(101)
    assert behind.asked == 2


async def test_a_change_by_another_process_is_seen_after_the_seconds(
    cached: CachedDirectory, behind: CountingDirectory, clock: JumpingClock
) -> None:
    await cached.add_user(a_user())
    assert await cached.user(101) == a_user()
    await behind.update_user(a_user(active=False))
    assert await cached.user(101) == a_user()
    await clock.jump(1)
    assert await cached.user(101) == a_user(active=False)


async def test_that_there_is_nobody_is_remembered_too_until_somebody_is_added(
    cached: CachedDirectory, behind: CountingDirectory
) -> None:
    assert await cached.user(101) is None
    assert await cached.user(101) is None
    assert behind.asked == 1
    await cached.add_user(a_user())
    assert await cached.user(101) == a_user()


async def test_the_answer_not_asked_for_longest_goes_first(cached: CachedDirectory, behind: CountingDirectory) -> None:
    for id in (1, 2, 3, 1, 4):
        await cached.user(id)
    assert behind.asked == 4
    await cached.user(1)
    assert behind.asked == 4
    await cached.user(2)
    assert behind.asked == 5


async def test_a_read_that_was_under_way_during_a_write_is_not_remembered(
    cached: CachedDirectory, behind: CountingDirectory
) -> None:
    await cached.add_user(a_user())
    behind.may_answer.clear()
    reading = asyncio.ensure_future(cached.user(101))
    await asyncio.sleep(0)
    await cached.update_user(a_user(active=False))
    behind.may_answer.set()
    assert await reading == a_user()
    assert await cached.user(101) == a_user(active=False)


async def test_devices_of_several_owners_are_read_once_for_those_not_remembered(
    cached: CachedDirectory, behind: CountingDirectory
) -> None:
    await behind.add_users([a_user(101), a_user(102)])
    first = await cached.put_device(a_device(0))
    assert await cached.devices([101]) == [first]
    second = await behind.put_device(a_device(0, identifier="b", associate_id=102))
    await behind.remove_device(first.id)
    assert await cached.devices([102, 101]) == [first, second]


async def test_with_no_seconds_nothing_is_remembered(behind: CountingDirectory, clock: JumpingClock) -> None:
    cached = CachedDirectory(behind, clock, seconds=0)
    await cached.user(101)
    await cached.user(101)
    assert behind.asked == 2


async def test_a_list_that_a_caller_changes_stays_as_it_was(cached: CachedDirectory) -> None:
    await cached.add_company(a_company())
    (await cached.companies()).clear()
    assert await cached.companies() == [a_company()]
    await cached.update_company(replace(a_company(), name="Renamed"))
    assert [company.name for company in await cached.companies()] == ["Renamed"]


async def test_a_remembered_answer_costs_less_than_two_microseconds(cached: CachedDirectory) -> None:
    await cached.add_user(a_user())
    await cached.user(101)
    best = float("inf")
    for _ in range(20):  # the best of twenty: other work on the machine only makes it slower
        started = time.perf_counter()
        for _ in range(500):
            await cached.user(101)
        best = min(best, (time.perf_counter() - started) / 500)
    assert best < 2e-6
