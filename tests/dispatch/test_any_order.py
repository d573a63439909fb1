"""Whatever happens in whatever order, every delivery is settled in the end, nothing taken is sent again, no place is lost."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import msgspec
import pytest

from heliograph.config.settings import DispatchSettings
from heliograph.core.delivery import Letter
from heliograph.core.lifecycle import SETTLED
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused
from heliograph.core.ports import Traits
from heliograph.core.retry import RetryPolicy
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import JumpingClock
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import ScriptedChannel

pytestmark = pytest.mark.anyio

SEEDS, STEPS = range(22, 38), 25  # among them some in which each mended fault would show
PATIENT = RetryPolicy(attempts=10_000, first=1.0, cap=5.0)
ANSWERS: tuple[Outcome, ...] = (
    *[Accepted()] * 8,
    Refused("no"),
    Deferred("later"),
    Deferred("later, it says", retry_after=3.0),
    Deferred("nobody knows", in_doubt=True),
    Deferred("too fast", lane=True),
    Deferred("nobody there", unreachable=True),
    Deferred("set up wrongly", pause="set up wrongly"),
)
HOSTS = ("", "https://a.example/x", "https://b.example/x", "https://c.example/x")


class Moody(ScriptedChannel):
    """Answers at any time in any way, until it is well."""

    def __init__(self, chance: random.Random, clock: JumpingClock) -> None:
        traits = Traits(concurrency=chance.randint(2, 8), timeout=chance.choice((2.0, 20.0)), retry=PATIENT)
        super().__init__(traits=traits)
        self._chance = chance
        self._clock = clock
        self.well = False
        self.under_way = 0
        self.final: Counter[int] = Counter()  # answers after which nothing may be sent, by delivery

    async def send(self, letter: Letter) -> Outcome:
        """After a while or never, whatever comes to mind."""
        assert not self.final[letter.delivery_id], f"delivery {letter.delivery_id} is sent once more"
        self.under_way += 1
        try:
            if not self.well:
                await self._clock.sleep(self._chance.choice((0, 0, 0.1, 0.9, 1.5, 5, 3600)))
            outcome = Accepted() if self.well else self._chance.choice(ANSWERS)
        finally:
            self.under_way -= 1
        if not self.well and self._chance.random() < 0.02:
            raise RuntimeError("a bug of the channel")
        self.final[letter.delivery_id] += not isinstance(outcome, Deferred)
        return outcome


class Story:
    """One gateway, one channel, and what befalls them by the numbers of a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clock = JumpingClock()
        self.channel = Moody(self.chance, self.clock)
        self.store = MemoryStore(self.clock)
        self.accepted = 0
        self.gateway = self._fresh()

    def _fresh(self) -> SmallGateway:
        settings = DispatchSettings(lease=self.chance.choice((2.0, 60.0)), batch=self.chance.choice((3, 256)))
        return SmallGateway(self.clock, {"stub": self.channel}, store=self.store, dispatch=settings)

    @property
    def lane(self) -> object:
        return self.gateway.dispatcher._lanes["stub"]

    async def step(self) -> None:
        chance, gateway = self.chance, self.gateway
        match chance.randint(0, 12):
            case 0 | 1 | 2:
                await self.accept(chance.randint(1, 12))
            case 3 | 4 | 5:
                await self.clock.jump(chance.choice((0, 0.3, 1, 4, 30)))
            case 6:
                await self.clock.stall(chance.choice((0.4, 3, 100)))
            case 7:
                gateway.flaky.fail(*chance.sample(("record", "claim", "attempts"), chance.randint(1, 2)))
            case 8:
                chance.choice((gateway.flaky.hold, gateway.flaky.delay))(chance.choice(("record", "claim")))
            case 9:
                gateway.flaky.heal()
            case 10 if not gateway.flaky._down:
                await self.sweep()
            case 11 if chance.random() < 0.3:
                await self.restart()

            case 12 if not gateway.flaky._down:
                gateway.flaky.delay("record")
                await self.clock.jump(1)
                await self.clock.stall(100)  # longer than any lease
                await self.sweep()
                await self.clock.jump(1)
                gateway.flaky.heal()

    async def sweep(self) -> None:
        sweeping = asyncio.ensure_future(self.gateway.sweeper.settle())
        await self.clock.jump(1)
        assert sweeping.done()

    async def accept(self, count: int) -> None:
        made = an_acceptance(count, first=self.accepted + 1)
        self.accepted += count
        host = self.chance.choice(HOSTS)
        moved = tuple(msgspec.structs.replace(one, address=host or one.address) for one in made.deliveries)
        await self.gateway.accept(msgspec.structs.replace(made, deliveries=moved))

    async def restart(self) -> None:
        """An orderly one; what the store has not taken beyond a lease would be forgotten by it, as the ledger says."""
        self.gateway.flaky.heal()
        await self.clock.jump(1)
        if (await self.gateway.dispatcher.status()).lanes[0].unrecorded:
            return
        stopping = asyncio.ensure_future(self.gateway.dispatcher.stop(self.chance.choice((0, 2))))
        await self.clock.jump(2)
        assert stopping.done(), "a stop waits for ever"
        await stopping
        assert self.channel.under_way == 0
        self.gateway = self._fresh()
        await self.gateway.dispatcher.start()

    async def end(self) -> None:
        """All is well from now on."""
        self.channel.well = True
        self.gateway.flaky.heal()
        for _ in range(40):
            await self.clock.jump(100)
            await self.gateway.sweeper.settle()
            deliveries = await self.store.outbox.deliveries(range(1, self.accepted + 1))
            if all(delivery.state in SETTLED for delivery in deliveries):
                return
        raise AssertionError(Counter(delivery.state for delivery in deliveries))


async def test_whatever_happens_in_whatever_order_every_delivery_is_settled_in_the_end() -> None:
    for seed in SEEDS:
        story = Story(seed)
        await story.gateway.dispatcher.start()
        for _ in range(STEPS):
            await story.step()
        await story.end()
        await story.clock.jump(1)

        [status] = (await story.gateway.dispatcher.status()).lanes
        endpoints = story.lane._endpoints
        assert (status.running, status.unrecorded, story.channel.under_way) == (0, 0, 0), seed
        assert (endpoints.running, endpoints.parked) == (0, 0), seed
        assert max(story.channel.final.values(), default=1) == 1, seed
        await story.gateway.dispatcher.stop(0)
