"""A message centre gets what SMPP says it should, its answers mean what the table says, and its receipts arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.channels.smsc_stories import TO

from heliograph.channels.registry import build_channel
from heliograph.channels.smpp.answers import ANSWERS, Meaning, row_for
from heliograph.channels.smpp.channel import SmppChannel
from heliograph.channels.smpp.link import CAP
from heliograph.channels.smpp.pdu import LAST_SEQUENCE, Bind, BrokenPdu, Pdu, Sm, Status, Tag, read_bind, read_sm
from heliograph.channels.smpp.receipts import notations, read_receipt
from heliograph.channels.smpp.session import Limits, Session
from heliograph.channels.sms.settings import HOLD
from heliograph.core.delivery import Acceptance, Address, Letter, Record
from heliograph.core.errors import Unavailable, UnknownRecipient
from heliograph.core.lifecycle import Happening, State
from heliograph.core.outcome import Accepted, Deferred, Refused
from heliograph.core.reporting import Arrival
from heliograph.intake.reports import ProviderReports
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import a_delivery, a_letter, a_message, a_text
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.clock import JumpingClock
from heliograph.testing.servers.smsc import Fault, Receipts, Smsc, receipt_for, words
from heliograph.testing.tools import Notebook, some_tools
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def bound(smsc: Smsc, clock: JumpingClock | None = None, **settings: Any) -> AsyncIterator[SmppChannel]:
    """A channel to that message centre."""
    tools = some_tools(clock, **settings.pop("tools", {}))
    values = {"host": "127.0.0.1", "port": smsc.port, "system_id": "lamp", "password": "secret", "answer_timeout": 10.0}
    channel = build_channel("sms", {"kind": "smpp", **values, **settings}, tools)
    assert isinstance(channel, SmppChannel)
    try:
        yield channel
    finally:
        await channel.close()
        await tools.transport.close()


def letter(text: str = "Tåke", **changes: Any) -> Letter:
    content = a_text(sender=changes.pop("sender", "Lighthouse"), to=TO, body=text)
    return a_letter(address=Address(value=TO), message=a_message(content=content), **changes)


async def nobody(channel: str, arrival: Arrival) -> None:
    raise AssertionError("nothing arrives here")


# ------------------------------------------------------------------------------------ what is submitted


async def test_a_text_is_submitted_with_its_addresses() -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        assert await channel.send(letter("Tåke {1}")) == Accepted("m-1", "the message centre took 1 of 1")
        [sm] = smsc.submitted
        assert (sm.source, sm.source_ton, sm.source_npi) == ("Lighthouse", 5, 0)
        assert (sm.to, sm.to_ton, sm.to_npi) == ("4712345678", 1, 1)
        assert (sm.data_coding, sm.esm_class, sm.registered) == (0, 0, 1)
        assert sm.text == b"T\x0fke \x1b\x281\x1b\x29"
        assert words(sm) == "Tåke {1}"


@pytest.mark.parametrize(
    ("sender", "expected"),
    [("+47 87654321", ("4787654321", 1, 1)), ("26112", ("26112", 3, 0)), ("", ("", 0, 0))],
)
async def test_a_sender_has_the_type_it_is_of(sender: str, expected: tuple[str, int, int]) -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        await channel.send(letter(sender=sender))
        [sm] = smsc.submitted
        assert (sm.source, sm.source_ton, sm.source_npi) == expected


async def test_one_strange_character_makes_it_ucs2() -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        await channel.send(letter("Łódź \U0001f5fc"))
        [sm] = smsc.submitted
        assert sm.data_coding == 8
        assert words(sm) == "Łódź \U0001f5fc"


LONG = "€" * 76 + "Sound the horn. " * 20


@pytest.mark.parametrize(("bits", "header"), [(8, 6), (16, 7)])
async def test_a_long_text_travels_in_parts_with_a_header(bits: int, header: int) -> None:
    async with Smsc() as smsc, bound(smsc, reference=bits) as channel:
        assert isinstance(await channel.send(letter(LONG, delivery_id=0x1234)), Accepted)
        assert "".join(map(words, smsc.submitted)) == LONG
        total = len(smsc.submitted)
        for number, sm in enumerate(smsc.submitted, start=1):
            assert sm.esm_class == 0x40
            head = sm.text[:header]
            expected = bytes([5, 0, 3, 0x34]) if bits == 8 else bytes([6, 8, 4, 0x12, 0x34])
            assert head == expected + bytes([total, number])
            assert len(sm.text) - header <= (153 if bits == 8 else 152)
        assert [sm.registered for sm in smsc.submitted] == [1] * total


async def test_a_long_text_travels_in_parts_with_optional_parameters() -> None:
    async with Smsc() as smsc, bound(smsc, long="sar") as channel:
        await channel.send(letter("ł" * 150, delivery_id=7))
        assert "".join(map(words, smsc.submitted)) == "ł" * 150
        assert [sm.tlvs for sm in smsc.submitted] == [
            {Tag.SAR_REFERENCE: b"\x00\x07", Tag.SAR_TOTAL: b"\x03", Tag.SAR_SEQUENCE: bytes([number])}
            for number in (1, 2, 3)
        ]
        assert all(sm.esm_class == 0 for sm in smsc.submitted)


async def test_a_long_text_travels_whole_as_payload() -> None:
    async with Smsc() as smsc, bound(smsc, long="payload") as channel:
        await channel.send(letter(LONG))
        [sm] = smsc.submitted
        assert sm.text == b""
        assert words(sm) == LONG


async def test_a_message_centre_that_speaks_latin1_is_spoken_to_so() -> None:
    async with Smsc() as smsc, bound(smsc, alphabet="latin-1") as channel:
        await channel.send(letter("Tåke @ £1"))
        await channel.send(letter("Δ 1 €"))
        first, second = smsc.submitted
        assert (first.data_coding, first.text) == (0, "Tåke @ £1".encode("latin-1"))
        assert (second.data_coding, words(second)) == (8, "Δ 1 €")


async def test_a_sender_that_smpp_cannot_carry_is_refused() -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        assert await channel.send(letter(sender="Fyrvåken")) == Refused("From has letters that SMPP cannot carry")
        assert not smsc.submitted


# ------------------------------------------------------------------------------------ what is answered

DEFERRED = {Meaning.AGAIN, Meaning.REBIND, Meaning.SLOWER, Meaning.SET_UP}


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"0x{row.first:X}")
async def test_a_status_means_what_the_table_says(row: Any) -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        for status in {row.first, row.last or row.first}:
            smsc.script(status)
            sent = await channel.send(letter())
            assert type(sent) is (Deferred if row.means in DEFERRED else Refused)
            assert f"0x{status:X}: {row.say}" in sent.detail
            if isinstance(sent, Deferred):
                assert sent.lane is (row.means is Meaning.SLOWER)
                assert bool(sent.pause) is (row.means is Meaning.SET_UP)
                assert sent.charged is (row.means is not Meaning.SLOWER)
                assert sent.retry_after == row.wait
                assert not sent.in_doubt


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (0x58, Meaning.SLOWER), (0x14, Meaning.SLOWER), (0x08, Meaning.AGAIN), (0x0B, Meaning.NUMBER),
        (0x0A, Meaning.OURS), (0xC2, Meaning.OURS), (0x0E, Meaning.SET_UP), (0x450, Meaning.AGAIN), (0x77, Meaning.AGAIN),
    ],
)  # fmt: skip
def test_the_statuses_that_matter_most(status: int, means: Meaning) -> None:
    assert row_for(status).means is means


async def test_a_part_that_is_refused_ends_the_message_and_is_named() -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        smsc.script(0, 0x0B)
        sent = await channel.send(letter("a" * 400))
        assert sent == Refused("the message centre answered 0xB for part 2 of 3: no such number")
        assert len(smsc.submitted) == 2


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize(("in_doubt", "wait"), [("hold", HOLD), ("retry", None), ("fail", None)])
async def test_a_lost_answer_is_in_doubt(fault: Fault, in_doubt: str, wait: float | None) -> None:
    async with Smsc() as smsc, bound(smsc, answer_timeout=1.0, in_doubt=in_doubt) as channel:
        smsc.script(fault)
        sent = await channel.send(letter())
        assert isinstance(sent, Deferred)
        assert (sent.in_doubt, sent.retry_after) == (True, wait)
        assert channel.traits.retry.resend_in_doubt is (in_doubt != "fail")


async def test_no_connection_is_not_in_doubt_and_slows_the_lane() -> None:
    async with Smsc() as smsc:
        pass
    async with bound(smsc) as channel:
        sent = await channel.send(letter())
        assert isinstance(sent, Deferred)
        assert sent.lane
        assert (sent.in_doubt, sent.charged) == (False, False)
        assert (await channel.check()).sentence.startswith("The message centre cannot be reached")


async def test_a_wrong_password_pauses_the_channel_and_is_not_shown() -> None:
    async with Smsc() as smsc, bound(smsc, password="sesame") as channel:
        sent = await channel.send(letter())
        assert isinstance(sent, Deferred)
        assert sent.pause == "the message centre refuses the bind with 0xE: the password is wrong"
        assert "sesame" not in f"{sent} {channel!r} {await channel.check()}"


async def test_check_binds() -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        assert (await channel.check()).sentence == "The message centre knows us as lamp."
        assert smsc.bound == 1


# ---------------------------------------------------------------------------------------- the session


async def test_one_bind_serves_all_and_the_window_holds() -> None:
    async with Smsc(delay=0.02) as smsc, bound(smsc, window=4) as channel:
        sent = await asyncio.gather(*(channel.send(letter(delivery_id=id)) for id in range(1, 41)))
        assert all(isinstance(outcome, Accepted) for outcome in sent)
        assert len({outcome.provider_id for outcome in sent if isinstance(outcome, Accepted)}) == 40
        assert (smsc.binds, smsc.most_under_way) == (1, 4)
        assert channel.traits.concurrency == 4


async def test_closing_signs_off() -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        await channel.send(letter())
        await channel.close()
        assert smsc.unbinds == 1
        await until(lambda: smsc.bound == 0)


async def test_a_silent_link_is_tested_and_given_up_after_two_misses(clock: JumpingClock) -> None:
    async with Smsc() as smsc, bound(smsc, clock, enquire_link=30, answer_timeout=0.5) as channel:
        await channel.send(letter())
        for count in (1, 2):
            await clock.jump(31)
            await until(lambda count=count: smsc.enquiries == count)
        smsc.deaf = True
        for _ in range(2):
            await clock.jump(31)
            await asyncio.sleep(0.7)
        smsc.deaf = False
        assert isinstance(await channel.send(letter()), Accepted)
        assert smsc.binds == 2


async def test_the_other_sides_test_of_the_link_is_answered() -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        await channel.send(letter())
        await smsc.enquire()


async def test_a_channel_that_listens_comes_back_ever_more_patiently(clock: JumpingClock) -> None:
    async with Smsc() as smsc, bound(smsc, clock) as channel:
        await channel.listen(nobody)
        await until(lambda: smsc.bound == 1)
        await smsc.stop()
        for _ in range(12):  # 1, 2, 4, ... seconds, 60 at most
            await clock.jump(CAP)
            await asyncio.sleep(0.01)
        await smsc.start()
        assert smsc.binds == 1
        await clock.jump(CAP)
        await until(lambda: smsc.bound == 1)
        assert isinstance(await channel.send(letter()), Accepted)


async def test_a_lost_connection_is_made_anew_by_the_next_message() -> None:
    async with Smsc() as smsc, bound(smsc) as channel:
        await channel.send(letter())
        smsc.hang_up()
        await until(lambda: smsc.bound == 0)
        await asyncio.sleep(0.02)
        assert isinstance(await channel.send(letter()), Accepted)
        assert smsc.binds == 2


async def test_sequence_numbers_begin_again_at_one() -> None:
    async with Smsc() as smsc:
        reader, writer = await asyncio.open_connection("127.0.0.1", smsc.port)
        limits = Limits(window=1, answer=1.0, idle=30.0)

        async def ignored(sm: Sm) -> int:
            return Status.OK

        session = Session(reader, writer, limits, ignored, JumpingClock())
        assert await session.bind(Bind(system_id="lamp", password="secret")) == 0
        session._sequence = LAST_SEQUENCE - 1
        for _ in range(3):
            assert (await session.submit(Sm(to="47", text=b"a"))).status == 0
        assert session._sequence == 2
        await session.close()


# ------------------------------------------------------------------------------------------- receipts


@asynccontextmanager
async def sending(clock: JumpingClock, smsc: Smsc) -> AsyncIterator[tuple[SmppChannel, MemoryStore, Callable[[], Any]]]:
    """A channel whose reports reach a store, and what dispatch does around one send."""
    store = MemoryStore(clock)
    delivery = a_delivery(channel="sms", address=TO, state=State.LEASED)
    await store.outbox.accept(Acceptance(messages=(a_message(),), deliveries=(delivery,)))
    reports = ProviderReports(store.outbox, clock, store.parts)
    async with bound(smsc, clock, tools={"reports": reports, "parts": store.parts, "notes": store.notes}) as channel:

        async def send() -> None:
            sent = await channel.send(letter())
            assert isinstance(sent, Accepted)
            record = Record(delivery_id=1, happening=Happening.ACCEPTED, at=NOON, provider_id=sent.provider_id)
            await store.outbox.record([record])

        yield channel, store, send


async def settled(store: MemoryStore, clock: JumpingClock, state: State) -> bool:
    for _ in range(100):
        [delivery] = await store.outbox.deliveries([1])
        if delivery.state is state:
            return True
        await clock.jump(1)
        await asyncio.sleep(0.005)
    return False


@pytest.mark.parametrize("how", [Receipts.TEXT, Receipts.TLV, Receipts.EARLY])
@pytest.mark.parametrize(
    ("state", "becomes"),
    [("DELIVRD", State.DELIVERED), ("UNDELIV", State.UNDELIVERED), ("EXPIRED", State.UNDELIVERED)],
)
async def test_a_receipt_reaches_its_delivery(clock: JumpingClock, how: Receipts, state: str, becomes: State) -> None:
    """Also one that overtakes the answer: it waits until the delivery is known."""
    async with Smsc(receipts=how, state=state) as smsc, sending(clock, smsc) as (_, store, send):
        await send()
        assert await settled(store, clock, becomes)


@pytest.mark.parametrize(
    ("in_answer", "in_receipt"),
    [("26", "38"), ("38", "26"), ("0000001a", "26"), ("1A", "0000000026"), ("A-7", "a-7")],
)
async def test_an_id_is_known_in_decimal_and_in_hexadecimal(
    clock: JumpingClock, in_answer: str, in_receipt: str
) -> None:
    async with (
        Smsc(receipts=Receipts.TEXT, ids=lambda _: (in_answer, in_receipt)) as smsc,
        sending(clock, smsc) as (_, store, send),
    ):
        await send()
        assert await settled(store, clock, State.DELIVERED)


async def test_what_is_on_the_way_is_no_receipt_yet(clock: JumpingClock) -> None:
    async with Smsc(receipts=Receipts.TEXT, state="ACCEPTD") as smsc, sending(clock, smsc) as (_, store, send):
        await send()
        assert not await settled(store, clock, State.DELIVERED)
        assert (await store.outbox.deliveries([1]))[0].state is State.SENT


async def test_a_receipt_is_answered_once_it_is_kept_and_comes_again_when_it_cannot_be(clock: JumpingClock) -> None:
    async with Smsc() as smsc, sending(clock, smsc) as (_, store, send):
        await send()
        receipt = receipt_for(smsc.submitted[0], "m-1")
        await store.close()
        assert await smsc.deliver(receipt) == Status.TRY_LATER
        async with Smsc() as other, sending(clock, other) as (_, open_store, send_there):
            await send_there()
            assert await other.deliver(receipt) == Status.OK
            assert (await open_store.outbox.deliveries([1]))[0].state is State.DELIVERED


async def test_a_receipt_for_nothing_waits_ten_minutes_and_is_dropped_with_a_line(clock: JumpingClock) -> None:
    log = Notebook()
    async with Smsc() as smsc, bound(smsc, clock, tools={"log": log}) as channel:
        await channel.send(letter())
        assert await smsc.deliver(receipt_for(smsc.submitted[0], "nobody-knows")) == Status.OK
        for _ in range(3):
            await clock.jump(300)
            await asyncio.sleep(0.01)
        await until(lambda: log.entries)
        assert log.entries == [("warning", "A receipt speaks of no message of ours.", {"channel": "sms"})]


async def test_a_message_from_outside_is_refused_and_not_dropped_in_silence() -> None:
    log = Notebook()
    async with Smsc() as smsc, bound(smsc, tools={"log": log}) as channel:
        await channel.send(letter())
        assert await smsc.deliver(Sm(source="4712345678", to="26112", text=b"STOP")) == Status.REJECTED
        assert log.entries


@pytest.mark.parametrize(
    ("sm", "text"),
    [
        (Sm(source="4712345678", source_ton=1, text=b"T\x0fke \x1b\x65"), "Tåke €"),
        (Sm(source="4712345678", source_ton=1, data_coding=3, text=b"T\xe5ke"), "Tåke"),
        (Sm(source="4712345678", source_ton=1, data_coding=8, text="Łódź \U0001f5fc".encode("utf-16-be")), "Łódź \U0001f5fc"),
        (Sm(source="4712345678", source_ton=1, esm_class=0x40, text=b"\x05\x00\x03\x01\x01\x01part"), "part"),
        (Sm(source="4712345678", source_ton=1, tlvs={Tag.MESSAGE_PAYLOAD: b"long"}), "long"),
    ],
)  # fmt: skip
async def test_a_message_from_a_phone_is_taken_and_read(sm: Sm, text: str) -> None:
    taken: list[Arrival] = []

    async def take(channel: str, arrival: Arrival) -> None:
        taken.append(arrival)

    async with Smsc() as smsc, bound(smsc, replies_to="keeper101") as channel:
        await channel.listen(take)
        await until(lambda: smsc.bound == 1)
        assert await smsc.deliver(sm) == Status.OK
        assert taken == [Arrival(company_id=1, user="keeper101", sender="+4712345678", text=text, format="sms/160")]


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Unavailable(), Status.TRY_LATER), (UnknownRecipient(), Status.REJECTED), (None, Status.REJECTED)],
)
async def test_what_cannot_be_taken_comes_again_or_is_refused(failure: Exception | None, status: Status) -> None:
    async def take(channel: str, arrival: Arrival) -> None:
        assert failure is not None
        raise failure

    async with Smsc() as smsc, bound(smsc, replies_to="keeper101") as channel:
        await channel.listen(take)
        await until(lambda: smsc.bound == 1)
        binary = 4 if failure is None else 0  # data_coding of a ring tone and the like
        assert await smsc.deliver(Sm(source="47", data_coding=binary, text=b"STOP")) == status


def receipt(text: str, tlvs: dict[int, bytes] | None = None) -> Sm:
    return Sm(source="4712345678", esm_class=4, text=text.encode(), tlvs=tlvs or {})


@pytest.mark.parametrize(
    ("sm", "id", "happening"),
    [
        (receipt("id:1 sub:001 dlvrd:001 submit date:2611211200 done date:261121120059 stat:DELIVRD err:000 Text:Hi"), "1", Happening.ARRIVED),
        (receipt("ID:abc STAT:undeliv ERR:034"), "abc", Happening.BOUNCED),
        (receipt("id: 77 stat: REJECTD"), "77", Happening.BOUNCED),
        (receipt("id:1 stat:ENROUTE"), "1", None),
        (receipt("id:1 stat:UNKNOWN"), "1", None),
        (receipt("", {Tag.RECEIPTED_MESSAGE_ID: b"z9\x00", Tag.MESSAGE_STATE: b"\x02"}), "z9", Happening.ARRIVED),
        (receipt("id:1 stat:DELIVRD", {Tag.RECEIPTED_MESSAGE_ID: b"z9\x00", Tag.MESSAGE_STATE: b"\x05"}), "z9", Happening.BOUNCED),
        (receipt("", {Tag.MESSAGE_PAYLOAD: b"id:5 stat:DELIVRD"}), "5", Happening.ARRIVED),
    ],
)  # fmt: skip
def test_a_receipt_is_read_as_vendors_write_it(sm: Sm, id: str, happening: Happening | None) -> None:
    found = read_receipt(sm)
    assert found is not None
    assert (found.ids[0], found.happening, found.number) == (id, happening, "+4712345678")


@pytest.mark.parametrize("text", ["", "hello", "id:1", "stat:DELIVRD", "id: stat:", "\x00" * 200, "id:" + "9" * 100])
def test_what_is_no_receipt_is_none(text: str) -> None:
    assert read_receipt(receipt(text)) is None


def test_an_ids_other_notations_are_few_and_begin_with_itself() -> None:
    assert notations("1A")[0] == "1A"
    assert "26" in notations("1A")
    assert notations("not a number") == ("not a number", "NOT A NUMBER")
    assert len(notations("9" * 19)) < 15


# -------------------------------------------------------------------------------------------- the wire


def test_a_message_survives_the_wire() -> None:
    sm = Sm(
        source="Lamp",
        source_ton=5,
        to="47",
        esm_class=64,
        registered=1,
        data_coding=8,
        text=b"\x00\x41",
        tlvs={5: b"ab"},
    )
    assert read_sm(sm.encode()) == sm
    bind = Bind(system_id="lamp", password="secret", system_type="x")
    assert read_bind(bind.encode()) == bind


def test_a_body_that_ends_early_is_broken_wherever_it_ends() -> None:
    whole = Sm(source="Lamp", to="47", text=b"abc", tlvs={5: b"ab"}).encode()
    short = len(whole) - 6  # without the optional parameter it is whole again
    for end in (*range(short), *range(short + 1, len(whole))):
        with pytest.raises(BrokenPdu):
            read_sm(whole[:end])


def test_a_header_is_sixteen_bytes() -> None:
    assert Pdu(0x15, 0, 7).encode() == bytes.fromhex("00000010 00000015 00000000 00000007")
