"""A long message from a phone comes as one, however its parts come; and what is missing is waited for, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.channels.smsc_stories import bound

from heliograph.channels.smpp.inbound import _fragment
from heliograph.channels.smpp.joints import Joint, bare, joint
from heliograph.channels.smpp.pdu import Sm, Status, Tag
from heliograph.channels.sms.joiner import GAP, MOST, PATIENCE, Fragment
from heliograph.core.errors import HeliographError, Unavailable, UnknownRecipient
from heliograph.core.notes import Note
from heliograph.core.reporting import Arrival
from heliograph.store.memory import MemoryStore
from heliograph.testing.clock import JumpingClock
from heliograph.testing.servers.smsc import Smsc
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

PHONE = Sm(source="4712345678", source_ton=1, to="26112")


def by_header(texts: list[bytes], *, reference: int = 7, wide: bool = False, coding: int = 0) -> list[Sm]:
    """As a phone cuts them."""
    parts = []
    for number, text in enumerate(texts, start=1):
        short = bytes([5, 0, 3, reference & 0xFF, len(texts), number])
        long = bytes([6, 8, 4, *reference.to_bytes(2, "big"), len(texts), number])
        parts.append(replace(PHONE, esm_class=0x40, data_coding=coding, text=(long if wide else short) + text))
    return parts


def by_parameters(texts: list[bytes], *, reference: int = 7) -> list[Sm]:
    return [
        replace(
            PHONE,
            text=text,
            tlvs={
                int(Tag.SAR_REFERENCE): reference.to_bytes(2, "big"),
                int(Tag.SAR_TOTAL): bytes([len(texts)]),
                int(Tag.SAR_SEQUENCE): bytes([number]),
            },
        )
        for number, text in enumerate(texts, start=1)
    ]


class Mailbox:
    """Takes what arrives, or fails as a test says."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.failures: list[HeliographError] = []

    async def take(self, channel: str, arrival: Arrival) -> None:
        if self.failures:
            raise self.failures.pop(0)
        assert arrival.sender == "+4712345678"
        self.texts.append(arrival.text)


@asynccontextmanager
async def listening(
    smsc: Smsc, clock: JumpingClock, store: MemoryStore, mailbox: Mailbox
) -> AsyncIterator[Callable[[Sm], object]]:
    async with bound(smsc, clock, store, replies_to="keeper101", enquire_link=600) as channel:
        await channel.listen(mailbox.take)
        await until(lambda: smsc.bound == 1)
        yield smsc.deliver
    await until(lambda: smsc.bound == 0)


TEXTS = [b"Sound the horn ", b"until the fog ", b"has lifted."]
WHOLE = "Sound the horn until the fog has lifted."


@pytest.mark.parametrize("how", ["header", "wide header", "parameters"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 1, 0, 2)])
async def test_a_long_message_comes_as_one_in_whatever_order(
    clock: JumpingClock, how: str, order: tuple[int, ...]
) -> None:
    parts = by_parameters(TEXTS) if how == "parameters" else by_header(TEXTS, wide=how == "wide header")
    mailbox, store = Mailbox(), MemoryStore(clock)
    async with Smsc() as smsc, listening(smsc, clock, store, mailbox):
        for place in order:
            assert mailbox.texts == []
            assert await smsc.deliver(parts[place]) == Status.OK
        assert mailbox.texts == [WHOLE]
        assert await store.notes.find("sms", "text") == []


async def test_a_character_that_is_cut_in_two_is_whole_again(clock: JumpingClock) -> None:
    wide, septets = "Fyr \U0001f5fc".encode("utf-16-be"), b"price: 5\x1b\x65"
    mailbox = Mailbox()
    async with Smsc() as smsc, listening(smsc, clock, MemoryStore(clock), mailbox):
        for part in by_header([wide[:-2], wide[-2:]], coding=8) + by_header([septets[:-1], septets[-1:]], reference=8):
            await smsc.deliver(part)
        assert mailbox.texts == ["Fyr \U0001f5fc", "price: 5€"]


async def test_two_long_messages_of_one_phone_are_not_mixed_up(clock: JumpingClock) -> None:
    one, two = by_header([b"a1 ", b"a2"], reference=1), by_header([b"b1 ", b"b2"], reference=2)
    other = [replace(sm, source="4787654321") for sm in by_header([b"c1 ", b"c2"], reference=1)]
    mailbox = Mailbox()
    async with Smsc() as smsc, listening(smsc, clock, MemoryStore(clock), mailbox):
        for part in (one[0], two[0], other[0], two[1], one[1]):
            await smsc.deliver(part)
        assert mailbox.texts == ["b1 b2", "a1 a2"]


@pytest.mark.parametrize(
    ("missing", "expected"),
    [({2}, f"Sound the horn {GAP}has lifted."), ({3}, f"Sound the horn until the fog {GAP}"), ({1, 3}, f"{GAP}until the fog {GAP}")],
)  # fmt: skip
async def test_what_is_there_is_handed_on_when_the_rest_does_not_come(
    clock: JumpingClock, missing: set[int], expected: str
) -> None:
    mailbox = Mailbox()
    async with Smsc() as smsc, listening(smsc, clock, MemoryStore(clock), mailbox):
        for number, part in enumerate(by_header(TEXTS), start=1):
            if number not in missing:
                assert await smsc.deliver(part) == Status.OK
        await clock.jump(PATIENCE - 2)
        assert mailbox.texts == []
        await clock.jump(5)
        assert mailbox.texts == [expected]


async def test_parts_survive_the_process(clock: JumpingClock) -> None:
    mailbox, store = Mailbox(), MemoryStore(clock)
    first, second, third = by_header(TEXTS)
    async with Smsc() as smsc:
        async with listening(smsc, clock, store, mailbox):
            await smsc.deliver(third)
            await smsc.deliver(first)
        async with listening(smsc, clock, store, mailbox):
            await smsc.deliver(second)
            assert mailbox.texts == [WHOLE]


async def test_a_whole_message_that_cannot_be_taken_now_is_taken_later(clock: JumpingClock) -> None:
    mailbox = Mailbox()
    mailbox.failures = [Unavailable(), Unavailable()]
    async with Smsc() as smsc, listening(smsc, clock, MemoryStore(clock), mailbox):
        for part in by_header(TEXTS):
            assert await smsc.deliver(part) == Status.OK
        assert mailbox.texts == []
        for _ in range(4):
            await clock.jump(1)
            await asyncio.sleep(0.002)
        assert mailbox.texts == [WHOLE]


async def test_a_part_whose_answer_was_lost_comes_again_and_makes_no_second_message(clock: JumpingClock) -> None:
    mailbox, store = Mailbox(), MemoryStore(clock)
    parts = by_header(TEXTS)
    async with Smsc() as smsc, listening(smsc, clock, store, mailbox):
        for part in (*parts, parts[2], parts[0]):
            assert await smsc.deliver(part) == Status.OK
        await clock.jump(PATIENCE - 10)
        assert mailbox.texts == [WHOLE]
        other = by_header([b"Another ", b"text ", b"altogether."])  # the phone's references begin again
        for part in other:
            await smsc.deliver(part)
        assert mailbox.texts == [WHOLE, "Another text altogether."]


async def test_a_text_handed_on_twice_is_known_by_its_name(clock: JumpingClock) -> None:
    """The process dies after the message was kept and before its parts were forgotten."""
    named: list[str] = []

    async def take(channel: str, arrival: Arrival) -> None:
        named.append(arrival.once)

    store, kept = MemoryStore(clock), list[Note]()
    async with Smsc() as smsc:
        async with bound(smsc, clock, store, replies_to="keeper101", enquire_link=600) as channel:
            await channel.listen(take)
            await until(lambda: smsc.bound == 1)
            for part in by_header(TEXTS):
                await smsc.deliver(part)
                kept = await store.notes.find("sms", "text") or kept
        last = msgspec.json.decode(kept[-1].value, type=Fragment)
        last = replace(last, number=3, data=TEXTS[2])
        await store.notes.put(
            [*kept, replace(kept[-1], key=last.key, value=msgspec.json.encode(last))], now=clock.now()
        )
        async with bound(smsc, clock, store, replies_to="keeper101", enquire_link=600) as channel:
            await channel.listen(take)
            await clock.jump(2)
    assert len(named) == 2
    assert named[0] == named[1]
    assert named[0].isprintable()


async def test_a_message_for_nobody_is_refused_and_forgotten(clock: JumpingClock) -> None:
    mailbox, store = Mailbox(), MemoryStore(clock)
    mailbox.failures = [UnknownRecipient()]
    async with Smsc() as smsc, listening(smsc, clock, store, mailbox):
        statuses = [await smsc.deliver(part) for part in by_header(TEXTS)]
        assert statuses == [Status.OK, Status.OK, Status.REJECTED]
        assert await store.notes.find("sms", "text") == []


async def test_more_parts_than_may_wait_come_again(clock: JumpingClock) -> None:
    """Whole messages, and the rest of what has begun, are another matter."""
    store, now = MemoryStore(clock), clock.now()
    notes = []
    half, rest = by_header([b"half of", b" a text"], reference=99)
    for n in range(MOST):
        name = _fragment(half, Joint(99, 2, 1), now).text if n == 0 else f"{n:032x}"
        fragment = Fragment(name, 1, 2, "+4712345678", 0, b"half of", now, "26112")
        value = msgspec.json.encode(fragment)
        notes.append(Note(owner="sms", kind="text", key=fragment.key, value=value, until=now + 10_000_000))
    await store.notes.put(notes, now=now)
    mailbox = Mailbox()
    async with Smsc() as smsc, listening(smsc, clock, store, mailbox):
        assert await smsc.deliver(by_header(TEXTS)[0]) == Status.TRY_LATER
        assert await smsc.deliver(replace(PHONE, text=b"short")) == Status.OK
        assert await smsc.deliver(rest) == Status.OK
        assert mailbox.texts == ["short", "half of a text"]


async def test_a_part_that_cannot_be_kept_comes_again(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    async with Smsc() as smsc, listening(smsc, clock, store, Mailbox()):
        await store.close()
        assert await smsc.deliver(by_header(TEXTS)[0]) == Status.TRY_LATER


@pytest.mark.parametrize(
    "sm",
    [
        replace(PHONE, esm_class=0x40, text=b""),
        replace(PHONE, esm_class=0x40, text=b"\x05\x00\x03\x01\x02"),
        replace(PHONE, esm_class=0x40, text=b"\x05\x00\x03\x01\x02\x03x"),
        replace(PHONE, esm_class=0x40, text=b"\x05\x00\x03\x01\x02\x00x"),
        replace(PHONE, esm_class=0x40, text=b"\x05\x00\x03\x01\x01\x01x"),
        replace(PHONE, esm_class=0x40, text=b"\xff\x00\x03\x01"),
        replace(PHONE, text=b"x", tlvs={int(Tag.SAR_TOTAL): b"\x02"}),
    ],
)
def test_a_header_that_says_nothing_sensible_makes_no_part(sm: Sm) -> None:
    assert joint(sm) is None


def test_other_elements_may_stand_before_the_reference() -> None:
    text = bytes([11, 0x05, 4, 0x0B, 0x84, 0, 0, 0, 3, 9, 2, 1]) + b"ring"
    sm = replace(PHONE, esm_class=0x40, text=text)
    assert (joint(sm), bare(sm)) == (Joint(9, 2, 1), b"ring")


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from([0x20C, 0x20E, 0x20F]), st.binary(max_size=4)))
def test_nothing_a_phone_sends_breaks_the_reading(text: bytes, tlvs: dict[int, bytes]) -> None:
    for esm_class in (0, 0x40):
        sm = Sm(esm_class=esm_class, text=text, tlvs=tlvs)
        found = joint(sm)
        assert found is None or 1 <= found.number <= found.of
        assert text.endswith(bare(sm))
