"""One dead endpoint of many is left alone, and the others do not feel it."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from heliograph.core.delivery import Acceptance, Letter
from heliograph.core.lifecycle import State
from heliograph.core.outcome import Accepted, Deferred, Outcome
from heliograph.core.ports import Traits
from heliograph.core.retry import RetryPolicy
from heliograph.dispatch.endpoints import BROKEN_AFTER, Endpoints, endpoint_of
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import JumpingClock
from heliograph.testing.scripted import Gate, ScriptedChannel, never

pytestmark = pytest.mark.anyio


class ManyEndpoints(ScriptedChannel):
    """Each host answers in its own way; those not named accept."""

    def __init__(self, **traits: object) -> None:
        super().__init__(traits=Traits(**traits))  # type: ignore[arg-type]
        self.hosts: dict[str, object] = {}
        self.running = self.most_running = 0

    def tried(self, host: str) -> int:
        """How many letters that host was tried with."""
        return sum(endpoint_of(letter.address.value) == host for letter in self.letters)

    async def send(self, letter: Letter) -> Outcome:
        """By the host of the address."""
        self.letters.append(letter)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            answer = self.hosts.get(endpoint_of(letter.address.value), Accepted())
            return await answer(letter) if callable(answer) else answer  # type: ignore[no-any-return]
        finally:
            self.running -= 1


def to_host(host: str, count: int, first: int, **fields: object) -> Acceptance:
    """Messages, one delivery each, to a host."""
    made = an_acceptance(count, first=first, **fields)  # type: ignore[arg-type]
    url = f"https://{host}/hook"
    return msgspec.structs.replace(
        made, deliveries=tuple(msgspec.structs.replace(one, address=url) for one in made.deliveries)
    )


async def states(gateway, ids: range) -> list[State]:
    return [(await gateway.delivery(id)).state for id in ids]


async def test_a_dead_endpoint_with_a_long_backlog_leaves_places_for_the_others(start, clock: JumpingClock) -> None:
    channel = ManyEndpoints(concurrency=8, timeout=15.0)
    channel.hosts["dead.example"] = never
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("dead.example", 100, 1))

    await gateway.accept(to_host("alive.example", 20, 101))
    await clock.jump(3)

    assert await states(gateway, range(101, 121)) == [State.SENT] * 20
    assert channel.tried("dead.example") <= 4
    assert channel.most_running <= 8


async def test_what_is_put_off_for_a_busy_endpoint_costs_no_attempt_and_is_carried_in_the_end(
    start, clock: JumpingClock
) -> None:
    channel = ManyEndpoints(concurrency=4, timeout=60.0)
    gate = Gate()
    channel.hosts["slow.example"] = gate
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("slow.example", 12, 1))
    await clock.jump(5)
    assert channel.tried("slow.example") == 2  # half of the places
    waiting = [await gateway.delivery(id) for id in range(1, 13)]
    assert sum(one.state is State.LEASED for one in waiting) == 2
    assert all(
        one.attempts == 0 and one.detail == "the endpoint is busy" for one in waiting if one.state is State.QUEUED
    )

    gate.open()
    channel.hosts.clear()
    for _ in range(60):
        await clock.jump(5)

    assert await states(gateway, range(1, 13)) == [State.SENT] * 12
    assert {(await gateway.delivery(id)).attempts for id in range(1, 13)} == {1}


async def test_a_machine_that_stood_still_blames_no_endpoint_for_it(start, clock: JumpingClock) -> None:
    channel = ManyEndpoints(concurrency=8, timeout=60.0)
    gate = Gate()
    channel.hosts["alive.example"] = gate
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("alive.example", 12, 1))

    await clock.stall(8)  # an answer that came meanwhile has not been read yet
    await gateway.accept(to_host("alive.example", 12, 13))
    gate.open()
    await clock.jump(0.5)

    assert await states(gateway, range(1, 25)) == [State.SENT] * 24


async def test_an_endpoint_that_was_silent_for_some_seconds_is_put_off_for_as_many_and_no_more(
    start, clock: JumpingClock
) -> None:
    channel = ManyEndpoints(concurrency=8, timeout=60.0)
    gate = Gate()
    channel.hosts["slow.example"] = gate
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("slow.example", 100, 1))
    await clock.jump(4)

    gate.open()
    for _ in range(12):
        await clock.jump(0.5)

    assert await states(gateway, range(1, 101)) == [State.SENT] * 100


async def test_a_long_backlog_of_a_silent_endpoint_comes_back_at_a_bounded_rate(start, clock: JumpingClock) -> None:
    channel = ManyEndpoints(concurrency=4, timeout=600.0)
    channel.hosts["dead.example"] = never
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("dead.example", 4_000, 1))

    await clock.jump(60)

    waits = [one.due_at - clock.now() for one in [await gateway.delivery(id) for id in range(2_000, 4_001, 100)]]
    assert max(waits) > 10_000, "thousands that look in every second would leave the others no time"


async def test_after_failures_in_a_row_an_endpoint_is_left_alone_then_probed_with_one(
    start, clock: JumpingClock
) -> None:
    channel = ManyEndpoints(concurrency=16, retry=RetryPolicy(first=600.0, attempts=3))
    channel.hosts["down.example"] = Deferred("could not connect")
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("down.example", BROKEN_AFTER, 1))
    assert channel.tried("down.example") == BROKEN_AFTER

    await gateway.accept(to_host("down.example", 10, 11))
    await gateway.accept(to_host("up.example", 10, 31))

    assert channel.tried("down.example") == BROKEN_AFTER  # left alone
    assert await states(gateway, range(31, 41)) == [State.SENT] * 10
    assert (await gateway.dispatcher.status()).lanes[0].held_endpoints == 1
    held = await gateway.delivery(11)
    assert (held.attempts, held.detail) == (0, "the endpoint is left alone after failures")
    gate = Gate()
    channel.hosts["down.example"] = gate
    await clock.jump(1.3)
    assert channel.tried("down.example") == BROKEN_AFTER + 1  # the probe, alone
    gate.open()
    for _ in range(30):
        await clock.jump(2)
    assert await states(gateway, range(11, 21)) == [State.SENT] * 10
    assert (await gateway.dispatcher.status()).lanes[0].held_endpoints == 0


async def test_an_endpoint_that_stays_down_is_probed_ever_more_rarely(start, clock: JumpingClock) -> None:
    channel = ManyEndpoints(concurrency=16, retry=RetryPolicy(first=1.0, cap=1.0, attempts=1000))
    channel.hosts["down.example"] = Deferred("could not connect")
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("down.example", 50, 1, expires_at=2**52))

    for _ in range(600):
        await clock.jump(1)

    assert (
        channel.tried("down.example") <= BROKEN_AFTER + 12 + 8
    )  # those under way together, then 1, 2, 4 ... 300 seconds


async def test_an_endpoint_that_asks_for_a_pause_gets_it_and_nobody_else_does(start, clock: JumpingClock) -> None:
    channel = ManyEndpoints(concurrency=16)
    channel.hosts["full.example"] = Deferred("too many requests", retry_after=30.0)
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("full.example", 1, 1))
    channel.hosts.clear()

    await gateway.accept(to_host("full.example", 5, 11))
    await gateway.accept(to_host("other.example", 5, 21))
    await clock.jump(29)

    assert channel.tried("full.example") == 1
    assert await states(gateway, range(21, 26)) == [State.SENT] * 5
    for _ in range(60):
        await clock.jump(2)
    assert await states(gateway, range(11, 16)) == [State.SENT] * 5


async def test_those_parked_at_an_endpoint_that_asks_for_a_pause_are_let_go_with_it(start, clock: JumpingClock) -> None:
    channel = ManyEndpoints(concurrency=4)
    gate = channel.hosts["a.example"] = Gate(Deferred("410", pause="it wants no more"))
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("a.example", 8, 1))

    gate.open()
    await clock.settle()
    channel.hosts["a.example"] = Accepted()
    await clock.jump(30)

    assert await states(gateway, range(1, 9)) == [State.SENT] * 8, "one left parked would keep the lane from its probe"


async def test_who_is_called_in_when_all_before_have_left_finds_the_endpoint_that_others_see(
    clock: JumpingClock,
) -> None:
    endpoints = Endpoints(clock, places=8, jitter=lambda: 0.5, room_made=lambda: None)
    first = [asyncio.create_task(endpoints.enter(id, "a.example")) for id in range(1, 8)]
    await clock.settle()
    assert [one.done() for one in first] == [True] * 4 + [False] * 3, "half of the places, and three are parked"

    others = [asyncio.create_task(endpoints.enter(id, f"{id}.example")) for id in range(11, 18)]
    for id in range(1, 5):
        endpoints.leave(id, "a.example")  # the parked are called in, and nobody is there for a moment
    await clock.settle()
    for id, task in enumerate(others, 11):
        assert task.done()
        endpoints.leave(id, f"{id}.example")
    await clock.settle()
    for id in range(5, 8):
        if first[id - 1].done():
            endpoints.leave(id, "a.example")
            await clock.settle()

    assert [one.done() for one in first] == [True] * 7, "one that nobody calls in would wait until the process ends"
    assert (endpoints.running, endpoints.parked) == (0, 0)
    endpoints.close()


async def test_stopping_lets_parked_deliveries_go_at_once_without_an_attempt(start, clock: JumpingClock) -> None:
    channel = ManyEndpoints(concurrency=4)
    channel.hosts["dead.example"] = never
    gateway = await start(channels={"stub": channel})
    await gateway.accept(to_host("dead.example", 8, 1))

    stopping = asyncio.create_task(gateway.dispatcher.stop(1))
    await clock.jump(2)
    await stopping

    after = [await gateway.delivery(id) for id in range(1, 9)]
    assert {one.state for one in after} == {State.QUEUED}
    assert sum(one.attempts == 0 for one in after) >= 6


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("https://Push.Example/x", "push.example"),
        ("https://push.example:8443?a=b", "push.example:8443"),
        ("https://[2001:db8::1]:1/x", "[2001:db8::1]:1"),
        ("http://user@host.example#f", "host.example"),
        ("name@mail.example", ""),
        ("0a1b2c", ""),
        ("+4790000000", ""),
    ],
)
def test_an_endpoint_is_the_host_of_a_url(address: str, endpoint: str) -> None:
    assert endpoint_of(address) == endpoint
