"""What every store promises of the parts of a message."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.core.delivery import Record
from heliograph.core.lifecycle import Happening
from heliograph.core.parts import Part, Parts, PartState, told
from heliograph.core.ports import Outbox
from heliograph.testing.builders import DAY_MS, an_acceptance
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


def part(number: int = 1, **changes: Any) -> Part:
    made = Part(
        delivery_id=1, number=number, of=3, channel="sms", address="+4712345678", provider_id=f"m-{number}", at=NOON
    )
    return replace(made, **changes)


async def test_parts_are_found_by_delivery_and_by_the_providers_ids(parts: Parts) -> None:
    for number in (2, 1, 3):
        await parts.put(part(number, digest="d", state=PartState.TAKEN))
    await parts.put(part(1, delivery_id=2, provider_id="m-2"))
    assert [p.number for p in await parts.of(1)] == [1, 2, 3]
    assert [(p.delivery_id, p.number) for p in await parts.known("sms", ["m-2", "x"])] == [(1, 2), (2, 1)]
    assert await parts.known("other", ["m-2"]) == []
    assert await parts.of(3) == []


async def test_a_part_takes_the_place_of_the_one_with_its_number(parts: Parts) -> None:
    await parts.put(part())
    newer = part(state=PartState.ARRIVED, provider_id="m-9", at=NOON + 1)
    await parts.put(newer)
    assert await parts.of(1) == [newer]
    assert await parts.known("sms", ["m-1"]) == []


async def test_another_division_forgets_the_one_before(parts: Parts) -> None:
    await parts.put(part(3))
    await parts.put(part(1, delivery_id=2))
    await parts.put(part(1, of=2))
    assert await parts.of(1) == [part(1, of=2)]
    assert len(await parts.of(2)) == 1


async def test_what_is_in_doubt_is_found_by_its_address_and_by_no_id(parts: Parts) -> None:
    lost = part(provider_id="", state=PartState.DOUBT)
    await parts.put(lost)
    await parts.put(part(2))
    await parts.put(part(1, delivery_id=2, address="+4700000000", provider_id="", state=PartState.DOUBT))
    assert await parts.doubtful("sms", "+4712345678") == [lost]
    assert await parts.known("sms", [""]) == []


async def test_parts_go_with_their_message(outbox: Outbox, parts: Parts) -> None:
    acceptance = an_acceptance()
    id = acceptance.deliveries[0].id
    await outbox.accept(acceptance)
    await parts.put(part(delivery_id=id))
    await outbox.record([Record(delivery_id=id, happening=Happening.CANCELLED, at=NOON)])
    assert await outbox.prune(before=NOON + DAY_MS, limit=10) == 1
    assert await parts.of(id) == []


T, D, A, B = PartState


@pytest.mark.parametrize(
    ("states", "happening"),
    [
        ((), None),
        ((A,), None),
        ((A, A), None),
        ((A, A, T), None),
        ((A, A, D), None),
        ((A, A, A), Happening.ARRIVED),
        ((A, B, A), Happening.BOUNCED),
        ((T, B), Happening.BOUNCED),
        ((B,), Happening.BOUNCED),
    ],
)
def test_all_parts_must_arrive_and_one_that_bounces_is_enough(
    states: tuple[PartState, ...], happening: Happening | None
) -> None:
    assert told([part(number, state=state) for number, state in enumerate(states, start=1)]) is happening
