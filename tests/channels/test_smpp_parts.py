"""A long SMS: every part has a receipt of its own, a part that was taken is not sent again, and a restart changes nothing."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.channels.smsc_stories import TO, Desk, bound, letter

from heliograph.channels.smpp.pdu import Sm, Status
from heliograph.channels.sms.parked import MOST, PARKED, Waiting
from heliograph.core.delivery import Record, Report
from heliograph.core.lifecycle import Happening, State
from heliograph.core.notes import Note
from heliograph.core.outcome import Accepted, Deferred, Refused
from heliograph.store.memory import MemoryStore
from heliograph.testing.clock import JumpingClock
from heliograph.testing.servers.smsc import Fault, Receipts, Smsc, receipt_for, words
from heliograph.testing.tools import Notebook
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

LONG = "Sound the horn until the fog has lifted. " * 10  # 410 characters: three parts
OK, LATER = Status.OK, Status.TRY_LATER


async def a_desk(clock: JumpingClock) -> Desk:
    desk = Desk(MemoryStore(clock), clock)
    await desk.open()
    return desk


# ------------------------------------------------------------------------------------- receipts of all


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_a_long_sms_is_delivered_when_its_last_receipt_is_there(
    clock: JumpingClock, order: tuple[int, ...]
) -> None:
    desk = await a_desk(clock)
    async with Smsc() as smsc, bound(smsc, clock, desk.store) as channel:
        assert isinstance(await desk.tried(channel, LONG), Accepted)
        for place, expected in zip(order, (State.SENT, State.SENT, State.DELIVERED), strict=True):
            assert await smsc.deliver(receipt_for(smsc.submitted[place], f"m-{place + 1}")) == OK
            assert await desk.state() is expected
    [delivery] = await desk.store.outbox.deliveries([1])
    assert delivery.detail == "all 3 parts have arrived"


async def test_one_part_that_does_not_arrive_is_enough(clock: JumpingClock) -> None:
    desk = await a_desk(clock)
    async with Smsc() as smsc, bound(smsc, clock, desk.store) as channel:
        await desk.tried(channel, LONG)
        await smsc.deliver(receipt_for(smsc.submitted[0], "m-1"))
        await smsc.deliver(receipt_for(smsc.submitted[1], "m-2", "UNDELIV"))
        assert await desk.state() is State.UNDELIVERED
        await smsc.deliver(receipt_for(smsc.submitted[2], "m-3"))
        assert await desk.state() is State.UNDELIVERED
    [delivery] = await desk.store.outbox.deliveries([1])
    assert delivery.detail == "the message centre reports UNDELIV (error 034), part 2 of 3"


async def test_a_receipt_that_comes_twice_counts_once(clock: JumpingClock) -> None:
    desk = await a_desk(clock)
    async with Smsc() as smsc, bound(smsc, clock, desk.store) as channel:
        await desk.tried(channel, LONG)
        for _ in range(3):
            await smsc.deliver(receipt_for(smsc.submitted[2], "m-3"))
        assert await desk.state() is State.SENT


async def test_receipts_that_overtake_their_answers_settle_a_long_sms_too(clock: JumpingClock) -> None:
    desk = await a_desk(clock)
    async with Smsc(receipts=Receipts.EARLY) as smsc, bound(smsc, clock, desk.store) as channel:
        await desk.tried(channel, LONG)
        for _ in range(5):
            await clock.jump(1)
            await asyncio.sleep(0.01)
        assert await desk.state() is State.DELIVERED


# --------------------------------------------------------------------------------------- only the rest


@pytest.mark.parametrize("fault", [0x64, Fault.SILENT, Fault.HANG_UP])
async def test_a_retry_sends_only_what_was_not_taken(clock: JumpingClock, fault: int | Fault) -> None:
    desk = await a_desk(clock)
    async with Smsc() as smsc:
        async with bound(smsc, clock, desk.store, answer_timeout=1.0) as channel:
            smsc.script(0, fault)
            assert isinstance(await desk.tried(channel, LONG), Deferred)
            assert len(smsc.submitted) == 2
        async with bound(smsc, clock, desk.store) as channel:  # another process goes on with it
            assert isinstance(await desk.tried(channel, LONG), Accepted)
        assert len(smsc.submitted) == 4
        first, _, *rest = smsc.submitted
        assert "".join(map(words, [first, *rest])) == LONG
        assert [sm.text[:6] for sm in [first, *rest]] == [bytes([5, 0, 3, 1, 3, number]) for number in (1, 2, 3)]


async def test_a_text_that_is_cut_otherwise_is_sent_whole(clock: JumpingClock) -> None:
    """An operator changed the settings between two tries: parts of two divisions would join to nonsense."""
    desk = await a_desk(clock)
    async with Smsc() as smsc:
        async with bound(smsc, clock, desk.store) as channel:
            smsc.script(0, 0x64)
            await desk.tried(channel, LONG)
        async with bound(smsc, clock, desk.store, reference=16) as channel:
            assert isinstance(await desk.tried(channel, LONG), Accepted)
        assert "".join(map(words, smsc.submitted[2:])) == LONG


async def test_after_a_day_a_phone_no_longer_waits_and_all_is_sent_again(clock: JumpingClock) -> None:
    desk = await a_desk(clock)
    async with Smsc() as smsc, bound(smsc, clock, desk.store, enquire_link=600) as channel:
        smsc.script(0, 0x64)
        await channel.send(letter(LONG))
        await channel.close()
        await clock.jump(86_401)
        async with bound(smsc, clock, desk.store) as other:
            await other.send(letter(LONG, attempt=2))
        assert len(smsc.submitted) == 5


async def test_a_store_that_cannot_keep_parts_stops_nothing(clock: JumpingClock) -> None:
    log, store = Notebook(), MemoryStore(clock)
    async with Smsc() as smsc, bound(smsc, clock, store, tools={"log": log}) as channel:
        await store.close()
        assert isinstance(await channel.send(letter(LONG)), Accepted)
        assert len(smsc.submitted) == 3
        assert len(log.entries) == 3


# ------------------------------------------------------------------------------- in doubt and adopted


async def test_a_receipt_tells_what_became_of_a_lost_answer(clock: JumpingClock) -> None:
    """While the delivery is held, nothing is sent: its receipt names an id that nobody has heard, to its number."""
    desk = await a_desk(clock)
    async with Smsc() as smsc, bound(smsc, clock, desk.store, answer_timeout=1.0) as channel:
        smsc.script(Fault.SILENT)
        sent = await desk.tried(channel, "Fog")
        assert isinstance(sent, Deferred)
        assert sent.in_doubt
        assert await smsc.deliver(receipt_for(smsc.submitted[0], "m-1")) == OK
        assert await desk.state() is State.QUEUED
        for _ in range(10):
            await clock.jump(1)
            await asyncio.sleep(0.005)
        assert await desk.state() is State.DELIVERED
        [delivery] = await desk.store.outbox.deliveries([1])
        assert delivery.provider_id == "m-1"


async def test_of_two_in_doubt_to_one_number_none_is_guessed(clock: JumpingClock) -> None:
    desk = await a_desk(clock)
    async with Smsc() as smsc, bound(smsc, clock, desk.store, answer_timeout=1.0) as channel:
        smsc.script(Fault.SILENT, Fault.SILENT)
        await desk.tried(channel, "Fog")
        await channel.send(letter("Rain", delivery_id=2))
        await smsc.deliver(receipt_for(smsc.submitted[0], "m-1"))
        for _ in range(20):
            await clock.jump(1)
            await asyncio.sleep(0.002)
        assert await desk.state() is State.QUEUED


async def test_a_part_in_doubt_that_arrived_is_not_sent_again(clock: JumpingClock) -> None:
    desk = await a_desk(clock)
    async with Smsc() as smsc, bound(smsc, clock, desk.store, answer_timeout=1.0) as channel:
        smsc.script(0, Fault.SILENT)
        await desk.tried(channel, LONG)
        await smsc.deliver(receipt_for(smsc.submitted[1], "m-2"))
        for _ in range(10):
            await clock.jump(1)
            await asyncio.sleep(0.005)
        assert isinstance(await desk.tried(channel, LONG), Accepted)
        assert "".join(map(words, smsc.submitted)) == LONG


# ---------------------------------------------------------------------------------------------- parked


async def test_a_parked_receipt_survives_the_process(clock: JumpingClock) -> None:
    desk = await a_desk(clock)

    async def nobody(channel: str, arrival: object) -> None:
        raise AssertionError("nothing arrives here")

    async with Smsc() as smsc:
        async with bound(smsc, clock, desk.store) as channel:
            await channel.send(letter())  # the process dies before the answer is recorded
            assert await smsc.deliver(receipt_for(smsc.submitted[0], "m-1")) == OK
        async with bound(smsc, clock, desk.store) as channel:
            await channel.listen(nobody)
            smsc.script(0)
            await clock.jump(1)
            assert await desk.state() is State.QUEUED
            [claimed] = await desk.store.outbox.claim([1], now=clock.now(), lease_until=clock.now() + 1000)
            await _accepted(desk, claimed.delivery.lease, "m-1", clock)
            for _ in range(10):
                await clock.jump(2)
                await asyncio.sleep(0.005)
            assert await desk.state() is State.DELIVERED
            assert await desk.store.notes.find("sms", "receipt") == []


async def _accepted(desk: Desk, lease: int, provider_id: str, clock: JumpingClock) -> None:
    record = Record(delivery_id=1, happening=Happening.ACCEPTED, at=clock.now(), lease=lease, provider_id=provider_id)
    await desk.store.outbox.record([record])


async def test_after_ten_minutes_a_parked_receipt_is_forgotten(clock: JumpingClock) -> None:
    log, store = Notebook(), MemoryStore(clock)
    async with Smsc() as smsc, bound(smsc, clock, store, tools={"log": log}) as channel:
        await channel.send(letter())
        assert await smsc.deliver(receipt_for(smsc.submitted[0], "stranger")) == OK
        assert len(await store.notes.find("sms", "receipt")) == 1
        for _ in range(12):
            await clock.jump(PARKED / 10)
            await asyncio.sleep(0.005)
        assert await store.notes.find("sms", "receipt") == []
        assert [event for _, event, _ in log.entries] == ["A receipt speaks of no message of ours."]


async def test_a_receipt_that_is_parked_twice_waits_once(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    async with Smsc() as smsc, bound(smsc, clock, store) as channel:
        await channel.send(letter())
        for _ in range(3):
            assert await smsc.deliver(receipt_for(smsc.submitted[0], "stranger")) == OK
        assert len(await store.notes.find("sms", "receipt")) == 1
        assert MOST == 10_000


async def test_more_receipts_than_may_wait_are_asked_for_again(clock: JumpingClock) -> None:
    store, now = MemoryStore(clock), clock.now()
    report = Report(ids=("stranger",), happening=Happening.ARRIVED)
    value = msgspec.json.encode(Waiting(report, now, next=now + 10_000_000))
    notes = [
        Note(owner="sms", kind="receipt", key=f"{n:05d}", value=value, until=now + 10_000_000) for n in range(MOST)
    ]
    await store.notes.put(notes, now=now)
    async with Smsc() as smsc, bound(smsc, clock, store) as channel:
        await channel.send(letter())
        assert await smsc.deliver(receipt_for(smsc.submitted[0], "one-too-many")) == LATER
        await store.notes.forget(notes[:1])


async def test_what_another_version_has_parked_stops_nobody(clock: JumpingClock) -> None:
    log, store, now = Notebook(), MemoryStore(clock), clock.now()
    strange = [
        Note(owner="sms", kind=kind, key="k", value=b'{"a": 1}', until=now + 1000) for kind in ("receipt", "text")
    ]
    await store.notes.put(strange, now=now)
    async with Smsc() as smsc, bound(smsc, clock, store, tools={"log": log}) as channel:
        await channel.send(letter())
        assert await smsc.deliver(receipt_for(smsc.submitted[0], "stranger")) == OK
        assert [event for _, event, _ in log.entries] == ["A parked receipt of another version cannot be read."]


async def test_a_bug_on_our_side_does_not_make_the_channel_deaf(clock: JumpingClock) -> None:
    log, desk = Notebook(), await a_desk(clock)

    async def buggy(channel: str, arrival: object) -> None:
        raise RuntimeError("a bug")

    async with Smsc() as smsc, bound(smsc, clock, desk.store, replies_to="keeper101", tools={"log": log}) as channel:
        await channel.listen(buggy)
        await desk.tried(channel, "Fog")
        assert await smsc.deliver(Sm(source="4712345678", source_ton=1, to="26112", text=b"Hello")) == LATER
        assert log.entries[-1][2] == {"channel": "sms", "error": "RuntimeError"}
        assert await smsc.deliver(receipt_for(smsc.submitted[0], "m-1")) == OK
        assert await desk.state() is State.DELIVERED


async def test_what_cannot_be_parked_is_asked_for_again(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    async with Smsc() as smsc, bound(smsc, clock, store) as channel:
        await channel.send(letter())
        await store.close()
        assert await smsc.deliver(receipt_for(smsc.submitted[0], "stranger")) == LATER


async def test_a_refused_part_ends_the_message_and_leaves_the_rest_unsent(clock: JumpingClock) -> None:
    desk = await a_desk(clock)
    async with Smsc() as smsc, bound(smsc, clock, desk.store) as channel:
        smsc.script(0, 0x65)
        assert isinstance(await desk.tried(channel, LONG), Refused)
        await until(lambda: len(smsc.submitted) == 2)
        assert await desk.state() is State.FAILED
        assert isinstance(smsc.submitted[0], Sm)
        assert smsc.submitted[0].to == TO.removeprefix("+")
