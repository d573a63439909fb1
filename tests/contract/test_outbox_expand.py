"""What every outbox promises of a large fan-out: accepted whole, made deliveries in portions, each exactly once."""

from __future__ import annotations

import msgspec
import pytest

from heliograph.core.delivery import Acceptance, Delivery
from heliograph.core.lifecycle import State
from heliograph.core.ports import Outbox
from heliograph.testing.builders import a_delivery, a_message

pytestmark = pytest.mark.anyio


def fan_out(count: int, *, message_id: int = 1, first: int = 1, at_once: int = 3) -> tuple[Acceptance, list[Delivery]]:
    """A message to that many recipients, and all its deliveries."""
    deliveries = [
        a_delivery(
            first + n,
            message_id=message_id,
            address=f"device-{n}",
            associate_id=n + 1,
            device_id=n + 7 if n % 2 else None,
            channel="stub" if n % 3 else "inbox",
            state=State.FAILED if n % 11 == 5 else State.QUEUED,
            detail="no such device" if n % 11 == 5 else "",
            sealed_config=b"\x00secret" if n % 5 == 0 else b"",
        )
        for n in range(count)
    ]
    message = a_message(message_id)
    return Acceptance(
        messages=(message,), deliveries=tuple(deliveries[:at_once]), later=tuple(deliveries[at_once:])
    ), deliveries


async def test_what_was_accepted_for_later_is_made_in_portions_and_reads_as_it_was_given(outbox: Outbox) -> None:
    acceptance, everything = fan_out(1700)
    await outbox.accept(acceptance)
    assert await outbox.deliveries([1]) == everything[:3]

    portions = []
    while made := await outbox.expand():
        portions.append(made)

    assert [len(portion) for portion in portions] == [500, 500, 500, 197]
    assert [delivery for portion in portions for delivery in portion] == everything[3:]
    assert await outbox.deliveries([1]) == everything
    assert await outbox.expand() == []


async def test_several_messages_are_made_in_the_order_they_were_accepted(outbox: Outbox) -> None:
    for message_id, first in ((1, 1), (2, 1001)):
        acceptance, _ = fan_out(600, message_id=message_id, first=first)
        await outbox.accept(acceptance)

    made = [await outbox.expand() for _ in range(4)]

    assert [(portion[0].message_id, len(portion)) for portion in made] == [(1, 500), (1, 97), (2, 500), (2, 97)]


async def test_a_fan_out_that_cannot_be_accepted_leaves_nothing_to_expand(outbox: Outbox) -> None:
    acceptance, _ = fan_out(10)
    await outbox.accept(acceptance)
    again, _ = fan_out(600, message_id=2, first=2)  # its first delivery's id is taken

    with pytest.raises(Exception, match="taken"):
        await outbox.accept(again)

    assert len(await outbox.expand()) == 7
    assert await outbox.expand() == []


async def test_a_message_is_not_removed_while_some_of_its_deliveries_are_still_to_be_made(outbox: Outbox) -> None:
    acceptance, everything = fan_out(4)
    settled = tuple(msgspec.structs.replace(one, state=State.SENT) for one in acceptance.deliveries)
    await outbox.accept(msgspec.structs.replace(acceptance, deliveries=settled))

    assert await outbox.prune(before=2**52, limit=10) == 0

    assert await outbox.expand() == everything[3:]
