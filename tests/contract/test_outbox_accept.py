"""What every outbox promises of ids and of acceptance: all or nothing, and exactly what was given."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.core.delivery import Acceptance
from heliograph.core.errors import Conflict, Unavailable
from heliograph.core.lifecycle import BIRTHS
from heliograph.core.message import PushType
from heliograph.core.ports import Outbox
from heliograph.testing.builders import a_delivery, a_message, a_push, a_text, an_acceptance

pytestmark = pytest.mark.anyio

LAST_MESSAGE_ID = 2**31 - 1


async def test_reserved_ids_are_consecutive_and_never_given_twice(outbox: Outbox) -> None:
    given: tuple[set[int], set[int]] = set(), set()
    for messages, deliveries in [(1, 1), (3, 7), (2, 0), (1, 999), (1, 2500), (1, 1)]:
        firsts = await outbox.reserve(messages, deliveries)
        for ids, first, count in zip(given, firsts, (messages, deliveries), strict=True):
            block = set(range(first, first + count))
            assert not ids & block
            assert first > 0
            ids |= block


async def test_callers_who_reserve_at_once_get_different_ids(outbox: Outbox) -> None:
    firsts = await asyncio.gather(*(outbox.reserve(3, 2) for _ in range(1000)))
    messages = {first + n for first, _ in firsts for n in range(3)}
    deliveries = {first + n for _, first in firsts for n in range(2)}
    assert len(messages) == 3000
    assert len(deliveries) == 2000


async def test_message_ids_never_grow_beyond_an_xs_int(outbox: Outbox) -> None:
    first, _ = await outbox.reserve(1, 0)
    await outbox.reserve(LAST_MESSAGE_ID - first - 5000, 0)
    with pytest.raises(Unavailable, match="used up"):
        await outbox.reserve(6000, 1)
    last, _ = await outbox.reserve(1, 1)
    assert last <= LAST_MESSAGE_ID


async def test_what_was_accepted_reads_as_it_was_given(outbox: Outbox) -> None:
    push = a_push(type=PushType.QUESTION, silent=True, record_id=-5, date="2026-11-21T12:00:00Z", data={"a": "1"})
    texts = ["plain", "quotes \" ' ` and \\ back", "nul \x00 in the middle", "\u2028 snow \u2603, lamp \U0001f4a1", ""]
    messages = [a_message(1, content=push, urgent=True, sender_id=None)]
    messages += [a_message(n, content=a_text(body=text, sender=text)) for n, text in enumerate(texts, start=2)]
    await outbox.accept(Acceptance(messages=tuple(messages), deliveries=()))
    assert [await outbox.message(message.id) for message in messages] == messages


async def test_deliveries_read_as_they_were_given(outbox: Outbox) -> None:
    full = a_delivery(
        8,
        message_id=1,
        associate_id=101,
        device_id=5,
        detail="because",
        provider_id="p-1",
        sealed_config=bytes(range(256)),
        address="a\x00b",
    )
    plain = a_delivery(7, message_id=1)
    await outbox.accept(Acceptance(messages=(a_message(1),), deliveries=(full, plain)))
    assert await outbox.deliveries([1]) == [plain, full]


@pytest.mark.parametrize("state", sorted(BIRTHS))
async def test_a_delivery_can_be_born_in_each_state_of_birth(outbox: Outbox, state: str) -> None:
    await outbox.accept(an_acceptance(state=state))
    [delivery] = await outbox.deliveries([1])
    assert delivery.state == state


async def test_an_acceptance_with_a_taken_id_keeps_nothing(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(1, first=5))
    with pytest.raises(Conflict):
        await outbox.accept(an_acceptance(3, first=3))
    assert await outbox.message(3) is None
    assert await outbox.deliveries([3, 4]) == []


async def test_one_bad_acceptance_among_many_fails_alone(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(1, first=50))
    results = await asyncio.gather(
        *(outbox.accept(an_acceptance(1, first=first)) for first in range(1, 101)), return_exceptions=True
    )
    failed = [first for first, result in enumerate(results, start=1) if result is not None]
    assert failed == [50]
    assert isinstance(results[49], Conflict)
    assert [await outbox.message(id) is not None for id in range(1, 101)] == [True] * 100


async def test_a_message_nobody_sent_is_none(outbox: Outbox) -> None:
    assert await outbox.message(404) is None
    assert await outbox.deliveries([404]) == []
    assert await outbox.deliveries([]) == []
    assert await outbox.attempts([404]) == []
