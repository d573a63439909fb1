"""What a message centre answers to a submit has the consequence that the rules give it, row by row."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.channels.smsc_stories import bound, letter

from heliograph.channels.registry import build_channel
from heliograph.channels.smpp.answers import FEW, IN_A_ROW, UNMAPPED, Reader, row_for
from heliograph.channels.smpp.flow import Flow
from heliograph.channels.sms.settings import HOLD
from heliograph.core.errors import BadSetting
from heliograph.core.lifecycle import Happening
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.retry import decide
from heliograph.store.memory import MemoryStore
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.clock import JumpingClock
from heliograph.testing.servers.smsc import Fault, Smsc
from heliograph.testing.tools import Notebook, some_tools
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

AGAIN, SLOWER, SET_UP, NEVER = "again", "slower", "set-up", "never"


def kind(outcome: Outcome) -> str:
    """What an outcome asks of dispatch."""
    match outcome:
        case Refused():
            return NEVER
        case Deferred(pause=pause) if pause:
            return SET_UP
        case Deferred(lane=True, charged=False):
            return SLOWER
        case Deferred(lane=False, charged=True, in_doubt=False):
            return AGAIN
    return repr(outcome)


#: status, what the tries of one message come to in order, seconds to wait where the rule names them
RULES: list[tuple[int, list[str], float | None]] = [
    (0x58, [SLOWER] * 50, None),
    (0x14, [SLOWER] * 50, None),
    (0x08, [AGAIN] * 20, 30),
    (0x61, [AGAIN, AGAIN, NEVER], 300),
    (0x45, [AGAIN, AGAIN, NEVER], None),
    (0x64, [AGAIN, AGAIN, NEVER], None),
    (0xFF, [AGAIN, AGAIN, NEVER], None),
    (0x0B, [NEVER], None),
    *((status, [NEVER], None) for status in (0x0A, 0x48, 0x49, 0x50, 0x51, 0x15, 0x43, 0x62, 0x01, 0x104)),
    *((status, [NEVER], None) for status in range(0xC0, 0xC5)),
    (0x65, [NEVER], None),
    (0x66, [NEVER], None),
    (0x04, [AGAIN] * 20, None),
    (0x05, [AGAIN] * 20, None),
    (0x0D, [SET_UP] * 20, None),
    (0x0E, [SET_UP] * 20, None),
    (0x0F, [SET_UP] * 20, None),
    (0x400, [AGAIN] * 4 + [NEVER], None),
    (0x4FF, [AGAIN] * 4 + [NEVER], None),
    (0x77, [AGAIN] * 4 + [NEVER], None),
    (0x10000, [AGAIN] * 4 + [NEVER], None),
]


@pytest.mark.parametrize(("status", "tries", "wait"), RULES, ids=lambda value: f"0x{value:X}" if isinstance(value, int) else "")  # fmt: skip
def test_each_rule_holds_try_by_try(status: int, tries: list[str], wait: float | None) -> None:
    reader = Reader()
    attempt = 1
    for number, expected in enumerate(tries, start=1):
        outcome = reader.outcome(status, attempt=attempt)
        assert kind(outcome) == expected, f"try {number}"
        if isinstance(outcome, Deferred):
            assert outcome.retry_after == wait
            attempt += outcome.charged and not outcome.pause


def test_few_and_unmapped_are_what_the_rules_say() -> None:
    assert (FEW, UNMAPPED, IN_A_ROW) == (3, 5, 20)


@pytest.mark.parametrize("status", [0x0A, 0x48, 0x15, 0xC2, 0x104])
def test_twenty_times_the_same_complaint_about_our_settings_pauses_the_channel(status: int) -> None:
    reader = Reader()
    outcomes = [reader.outcome(status) for _ in range(IN_A_ROW)]
    assert [kind(outcome) for outcome in outcomes] == [NEVER] * (IN_A_ROW - 1) + [SET_UP]
    assert "20 times in a row" in outcomes[-1].pause  # type: ignore[union-attr]


@pytest.mark.parametrize("between", ["taken", "another", "number"])
def test_what_comes_between_breaks_the_row(between: str) -> None:
    reader = Reader()
    for _ in range(IN_A_ROW * 2):
        if between == "taken":
            reader.taken()
        else:
            reader.outcome(0x49 if between == "another" else 0x0B)
        assert kind(reader.outcome(0x48)) == NEVER


async def test_a_number_refused_twice_is_not_used_again_over_a_restart_too(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    async with Smsc() as smsc:
        async with bound(smsc, clock, store) as channel:
            smsc.script(0x0B, 0x0B)
            assert isinstance(await channel.send(letter(delivery_id=1)), Refused)
            assert isinstance(await channel.send(letter(to="+4787654321", delivery_id=2)), Refused)
        async with bound(smsc, clock, store) as channel:
            smsc.script(0x0B)
            sent = await channel.send(letter(delivery_id=3))
            assert sent == Gone("the message centre answered 0xB: no such number, for the second time")


async def test_a_number_refused_again_after_a_week_has_a_first_time_again(clock: JumpingClock) -> None:
    async with Smsc() as smsc, bound(smsc, clock, enquire_link=600) as channel:
        smsc.script(0x0B)
        await channel.send(letter(delivery_id=1))
        await clock.jump(8 * 86_400)
        await asyncio.sleep(0.01)
        smsc.script(0x0B)
        assert isinstance(await channel.send(letter(delivery_id=2)), Refused)


async def test_a_message_centre_may_mean_something_of_its_own(clock: JumpingClock) -> None:
    own = {"0x401": "never", "1026": "slower", "0x403": "set-up", "0x404": "number", "0x45": "never"}
    async with Smsc() as smsc, bound(smsc, clock, statuses=own) as channel:
        smsc.script(0x401, 0x403, 0x404, 0x45, 0x405, 0x402)
        kinds = [kind(await channel.send(letter(delivery_id=id))) for id in range(1, 7)]
        assert kinds == [NEVER, SET_UP, NEVER, NEVER, AGAIN, SLOWER]


@pytest.mark.parametrize("statuses", [{"0": "never"}, {"x": "never"}, {"0x401": "perhaps"}, {"0x100000000": "never"}])
def test_a_status_that_is_none_is_refused_at_the_start(statuses: dict[str, str]) -> None:
    values = {"kind": "smpp", "host": "h", "system_id": "lamp", "statuses": statuses}
    with pytest.raises(BadSetting, match="statuses"):
        build_channel("sms", values, some_tools())


async def test_what_is_in_no_table_is_told(clock: JumpingClock) -> None:
    log = Notebook()
    async with Smsc() as smsc, bound(smsc, clock, tools={"log": log}) as channel:
        smsc.script(0x77)
        sent = await channel.send(letter())
        assert "in no table" in sent.detail
        assert log.entries == [
            ("warning", "A command_status is in no table.", {"channel": "sms", "command_status": 0x77})
        ]
        assert row_for(0x77).most == UNMAPPED


@pytest.mark.parametrize("status", [0x04, 0x05])
async def test_a_session_that_is_not_bound_is_bound_anew(clock: JumpingClock, status: int) -> None:
    async with Smsc() as smsc, bound(smsc, clock) as channel:
        await channel.send(letter(delivery_id=1))
        smsc.script(status)
        assert kind(await channel.send(letter(delivery_id=2))) == AGAIN
        assert isinstance(await channel.send(letter(delivery_id=2, attempt=2)), Accepted)
        assert smsc.binds == 2
        await until(lambda: smsc.unbinds == 1)


@pytest.mark.parametrize(
    ("status", "pauses"), [(0x0D, True), (0x0E, True), (0x0F, True), (0x05, False), (0x58, False), (0x08, False)]
)
async def test_a_refused_bind_pauses_only_where_our_set_up_is_to_blame(
    clock: JumpingClock, status: int, pauses: bool
) -> None:
    async with Smsc() as smsc, bound(smsc, clock) as channel:
        smsc.bind_status = status
        sent = await channel.send(letter())
        assert isinstance(sent, Deferred)
        assert bool(sent.pause) is pauses
        assert not sent.charged or sent.pause


@pytest.mark.parametrize(
    ("in_doubt", "happening", "seconds"),
    [("hold", Happening.DEFERRED, HOLD), ("retry", Happening.DEFERRED, 0), ("fail", Happening.REFUSED, None)],
)
async def test_a_lost_answer_is_held_sent_again_or_failed_as_the_route_says(
    clock: JumpingClock, in_doubt: str, happening: Happening, seconds: float | None
) -> None:
    async with Smsc() as smsc, bound(smsc, clock, in_doubt=in_doubt, answer_timeout=1.0) as channel:
        smsc.script(Fault.SILENT)
        sent = await channel.send(letter())
        decision = decide(channel.traits.retry, sent, attempt=1, now=NOON, expires_at=None, jitter=0.0)
        assert decision.happening is happening
        assert decision.due_at == (None if seconds is None else NOON + seconds * 1000)


def test_hold_is_what_a_route_does_unless_it_says_otherwise() -> None:
    values = {"kind": "smpp", "host": "h", "system_id": "lamp"}
    channel: Any = build_channel("sms", values, some_tools())
    assert (channel._settings.in_doubt, HOLD) == ("hold", 600.0)


# -------------------------------------------------------------------------------------- how fast


async def test_throttling_halves_the_rate_and_it_grows_back_by_one_a_second(clock: JumpingClock) -> None:
    flow = Flow(clock)
    for _ in range(40):  # forty went through in this second
        assert flow.place(5.0) == 0.0
        flow.taken(None)
    began = clock.monotonic()
    flow.throttled(began)
    assert flow.rate == 20.0
    flow.throttled(began - 0.1)  # it was under way with the first: they say one thing
    assert flow.rate == 20.0
    await clock.jump(10)
    assert flow.rate == 30.0
    flow.throttled(clock.monotonic())
    assert flow.rate == 1.0  # nothing went meanwhile
    await clock.jump(60)
    assert flow.rate == 61.0


async def test_places_are_as_far_apart_as_the_rate_says(clock: JumpingClock) -> None:
    flow = Flow(clock)
    for _ in range(8):
        flow.taken(None)
    flow.throttled(clock.monotonic())  # four a second
    assert [flow.place(5.0) for _ in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert flow.place(0.5) is None
    assert flow.wait() == 1.25


async def test_above_eighty_nothing_but_a_probe_goes(clock: JumpingClock) -> None:
    flow = Flow(clock)
    flow.taken(80)
    assert [flow.place(5.0) for _ in range(3)] == [0.0] * 3
    flow.taken(81)
    assert [flow.place(2.5) for _ in range(3)] == [1.0, 2.0, None]
    await clock.jump(1)
    flow.taken(95)
    assert flow.place(2.5) == 2.0
    flow.taken(80)
    assert [flow.place(5.0) for _ in range(3)] == [0.0] * 3


async def test_a_throttled_channel_sends_at_half_the_rate_and_says_when_it_is_full(clock: JumpingClock) -> None:
    async with Smsc() as smsc, bound(smsc, clock, window=50) as channel:
        for id in range(1, 5):
            assert isinstance(await channel.send(letter(delivery_id=id)), Accepted)
        smsc.script(0x58)
        assert kind(await channel.send(letter(delivery_id=5))) == SLOWER
        waiting = [asyncio.create_task(channel.send(letter(delivery_id=id))) for id in range(10, 30)]
        for _ in range(40):
            await clock.jump(0.25)
            await asyncio.sleep(0.005)
        sent = await asyncio.gather(*waiting)
        kinds = [type(outcome) for outcome in sent]
        assert kinds.count(Accepted) == len(smsc.submitted) - 5
        assert 10 <= kinds.count(Accepted) < 20  # two a second for five seconds; who would wait longer is put off
        put_off = [outcome for outcome in sent if isinstance(outcome, Deferred)]
        assert all(kind(outcome) == SLOWER and outcome.retry_after for outcome in put_off)


async def test_a_congested_message_centre_is_probed_once_a_second(clock: JumpingClock) -> None:
    async with Smsc() as smsc, bound(smsc, clock) as channel:
        smsc.congestion = 90
        await channel.send(letter(delivery_id=1))
        waiting = [asyncio.create_task(channel.send(letter(delivery_id=id))) for id in (2, 3)]
        await asyncio.sleep(0.05)
        assert len(smsc.submitted) == 1
        for count in (2, 3):
            await clock.jump(1)
            await until(lambda count=count: len(smsc.submitted) == count)
        await asyncio.gather(*waiting)
