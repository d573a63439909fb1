"""Sessions that are left, closed and broken at awkward moments: no answer is lost that came, no place is kept."""

from __future__ import annotations

import asyncio
import gc
import random
from typing import Any

import pytest

from heliograph.channels.smpp.link import Down, Link
from heliograph.channels.smpp.pdu import Bind, Sm, Status
from heliograph.channels.smpp.session import Limits, NoAnswer, NotSent, Session, Submitted
from heliograph.channels.sms.joiner import PATIENCE, Fragment, Joiner, Whole, text_name
from heliograph.channels.sms.parked import Parked
from heliograph.core.delivery import Report
from heliograph.core.lifecycle import Happening
from heliograph.store.memory import MemoryStore
from heliograph.testing.clock import JumpingClock
from heliograph.testing.flaky import Flaky
from heliograph.testing.servers.smsc import PASSWORD, SYSTEM_ID, Fault, Smsc
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.anyio

WHO = Bind(system_id=SYSTEM_ID, password=PASSWORD)
WINDOW = 3
TEXT = Sm(source="Lighthouse", to="4712345678", text=b"Fog")


async def hear(sm: Sm) -> int:
    return Status.OK


async def a_session(smsc: Smsc, clock: JumpingClock, answer: float = 1.0) -> Session:
    limits = Limits(window=WINDOW, answer=answer, idle=60.0)
    session = Session(*await asyncio.open_connection("127.0.0.1", smsc.port), limits, hear, clock)
    assert await session.bind(WHO) == Status.OK
    return session


async def test_a_session_that_is_left_takes_nothing_new_and_answers_what_it_has(clock: JumpingClock) -> None:
    async with Smsc(delay=0.1) as smsc:
        session = await a_session(smsc, clock)
        early = asyncio.create_task(session.submit(TEXT))
        await asyncio.sleep(0.02)
        leaving = asyncio.create_task(session.finish())
        await asyncio.sleep(0.02)

        with pytest.raises(NotSent):
            await session.submit(TEXT)

        assert (await early).status == Status.OK
        await leaving
        assert len(smsc.submitted) == 1


async def test_a_link_that_is_closed_while_it_binds_keeps_no_session(clock: JumpingClock) -> None:
    async with Smsc() as smsc:
        limits = Limits(window=WINDOW, answer=1.0, idle=60.0)
        link = Link("127.0.0.1", smsc.port, None, WHO, limits, hear, clock)
        asking = asyncio.create_task(link.session())
        await asyncio.sleep(0)
        await link.close()

        with pytest.raises(Down):
            await asking
        async with asyncio.timeout(2):
            while smsc.bound:  # noqa: ASYNC110 - the message centre has no event for it
                await asyncio.sleep(0.01)


async def test_whatever_becomes_of_submits_each_ends_and_gives_its_place_in_the_window_back(
    clock: JumpingClock,
) -> None:
    loop, unseen = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    taken = 0
    for seed in range(40):
        chance = random.Random(seed)
        async with Smsc(delay=chance.choice((0.0, 0.003))) as smsc:
            faults = [Fault.SILENT, Fault.SILENT, 0x58, *([Fault.HANG_UP, Fault.GARBAGE] if seed % 2 else [])]
            smsc.script(*(chance.choice([0] * 12 + faults) for _ in range(60)))
            session = await a_session(smsc, clock, answer=0.03)
            tasks = []
            for _ in range(chance.randint(5, 20)):
                tasks += [asyncio.create_task(session.submit(TEXT)) for _ in range(chance.randint(1, 4))]
                if chance.random() < 0.3:
                    chance.choice(tasks).cancel()
                await asyncio.sleep(chance.choice((0, 0, 0.002)))
            if chance.random() < 0.3:
                await session.finish()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(end) for end in ends} <= {Submitted, NotSent, NoAnswer, asyncio.CancelledError}, seed
            taken += sum(isinstance(end, Submitted) for end in ends)
            assert (session._window._value, session._waiting) == (WINDOW, {}), seed
            await session.close(within=0.1)
            del tasks, ends
    gc.collect()
    assert unseen == []
    assert taken > 300, "too few were taken for the story to mean anything"


class Ear:
    """Reports of messages that nobody knows until `known` is set."""

    def __init__(self) -> None:
        self.known = False
        self.heard: list[str] = []
        self.faults = 0  # reports that fail next, in a way no port should

    async def report(self, channel: str, report: Report) -> bool:
        if self.faults:
            self.faults -= 1
            raise RuntimeError("a bug of the store")
        if self.known:
            self.heard.append(report.ids[0])
        return self.known

    async def adopt(self, channel: str, report: Report) -> bool:
        return False


async def test_receipts_that_are_parked_at_once_when_the_first_look_is_taken_are_all_looked_at_again(
    clock: JumpingClock,
) -> None:
    ear, notes = Ear(), Flaky(MemoryStore(clock).notes)
    tools: dict[str, Any] = {"reports": ear, "notes": notes}
    parked = Parked("sms", some_tools(clock, **tools))
    notes.hold("find")
    parking = [
        asyncio.create_task(parked.park(Report(ids=(id,), happening=Happening.ARRIVED, detail=""))) for id in "ab"
    ]
    await clock.settle()
    notes.heal()
    assert await asyncio.gather(*parking) == [True, True]

    ear.known = True
    await clock.jump(5)

    assert sorted(ear.heard) == ["a", "b"]
    await parked.close()


async def test_a_look_that_fails_as_none_should_is_not_the_last(clock: JumpingClock) -> None:
    ear = Ear()
    tools: dict[str, Any] = {"reports": ear}
    parked = Parked("sms", some_tools(clock, **tools))
    await parked.park(Report(ids=("a",), happening=Happening.ARRIVED, detail=""))
    ear.known, ear.faults = True, 2

    await clock.jump(10)

    assert ear.heard == ["a"]
    await parked.close()


async def test_a_text_that_meets_a_bug_holds_up_no_other(clock: JumpingClock) -> None:
    handed: list[str] = []

    async def hand(whole: Whole) -> None:
        if whole.sender == "+1":
            raise RuntimeError("a bug")
        handed.append(whole.sender)

    joiner = Joiner("sms", some_tools(clock), lambda coding, data: data.decode())
    joiner.start(hand)
    for sender in ("+1", "+2"):
        await joiner.keep(Fragment(text_name(sender), 1, 2, sender, 0, b"Fog", clock.now()))

    await clock.jump(PATIENCE + 2)

    assert handed == ["+2"]
    await joiner.close()
