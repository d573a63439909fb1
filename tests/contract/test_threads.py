"""Messages that belong together are found, in one company and in order; a suppressed address is listed and lifted."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.core.delivery import Acceptance, Record
from heliograph.core.errors import Conflict
from heliograph.core.lifecycle import Happening, State
from heliograph.core.ports import Directory, Outbox
from heliograph.core.suppression import Suppression, Suppressions
from heliograph.core.threads import Threads
from heliograph.testing.builders import a_delivery, a_message, a_text, an_acceptance
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


async def keep(outbox: Outbox, id: int, *, company_id: int = 1, created_at: int = NOON, **text: Any) -> None:
    message = a_message(id, company_id=company_id, created_at=created_at, content=a_text(**text))
    delivery = a_delivery(id, company_id=company_id, channel="sms", address="+4791234567")
    await outbox.accept(Acceptance(messages=(message,), deliveries=(delivery,)))


async def test_what_follows_a_message_is_found_by_it(outbox: Outbox, threads: Threads) -> None:
    await keep(outbox, 1)
    await keep(outbox, 2, parent_id=1)
    await keep(outbox, 3, parent_id=1, inbound=True, plugin="sms", subject="Re: Fog")
    await keep(outbox, 4, parent_id=2)
    follow_ups = await threads.follow_ups([1], limit=10)
    assert [message.id for message in follow_ups] == [2, 3]
    assert follow_ups[1].content == a_text(parent_id=1, inbound=True, plugin="sms", subject="Re: Fog")
    assert [message.id for message in await threads.follow_ups([1, 2], limit=2)] == [2, 3]
    assert await threads.follow_ups([0, 9], limit=10) == []


async def test_a_session_is_one_companys_and_newest_first(outbox: Outbox, threads: Threads) -> None:
    for id, company_id, key in ((1, 1, "fog"), (2, 2, "fog"), (3, 1, ""), (4, 1, "fog"), (5, 1, "Fog")):
        await keep(outbox, id, company_id=company_id, session_key=key)
    assert [message.id for message in await threads.session(1, "fog", limit=10)] == [4, 1]
    assert [message.id for message in await threads.session(1, "fog", limit=1)] == [4]
    assert await threads.session(1, "", limit=10) == []


async def test_what_was_sent_to_a_number_is_found_newest_first_and_not_before_its_time(
    outbox: Outbox, threads: Threads
) -> None:
    await keep(outbox, 1, created_at=NOON - 1000)
    await keep(outbox, 2)
    await keep(outbox, 3)
    await keep(outbox, 4, company_id=2)
    mine = a_delivery(5, channel="sms", address="+4791234567", associate_id=101)
    await outbox.accept(Acceptance(messages=(a_message(5),), deliveries=(mine,)))

    async def found(since: int, limit: int = 10, **where: Any) -> list[int]:
        asked = {"channel": "sms", "address": "+4791234567", "company_id": 1} | where
        deliveries = await threads.sent_to(**asked, since=since, limit=limit)
        return [delivery.id for delivery in deliveries]

    assert await found(NOON) == [3, 2]
    assert await found(0) == [3, 2, 1]
    assert await found(0, limit=1) == [3]
    assert await found(0, company_id=2) == [4]
    assert await found(0, channel="other") == []
    assert await found(0, address="+4791234568") == []


async def test_what_is_accepted_can_move_an_earlier_delivery_in_the_same_transaction(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(1, state=State.QUEUED))
    answered = Record(delivery_id=1, happening=Happening.ANSWERED, at=NOON + 5, detail="answered by its recipient")
    answer = Acceptance(messages=(a_message(2),), deliveries=(a_delivery(2),), records=(answered,))
    await outbox.accept(answer)
    [first] = await outbox.deliveries([1])
    assert (first.state, first.detail, first.updated_at) == (State.REPLIED, "answered by its recipient", NOON + 5)


async def test_what_cannot_be_accepted_moves_nothing(outbox: Outbox) -> None:
    await outbox.accept(an_acceptance(2))
    answered = Record(delivery_id=1, happening=Happening.ANSWERED, at=NOON)
    with pytest.raises(Conflict):
        await outbox.accept(Acceptance(messages=(a_message(2),), deliveries=(a_delivery(9),), records=(answered,)))
    [first] = await outbox.deliveries([1])
    assert first.state is State.QUEUED


async def test_suppressed_addresses_are_listed_newest_first_and_lifted_one_by_one(
    directory: Directory, suppressions: Suppressions
) -> None:
    for at, channel, address in ((1, "email", "a@x.example"), (2, "sms", "+47"), (3, "email", "b@x.example")):
        await directory.suppress(channel, address, reason=f"reason {at}", now=NOON + at)
    every = await suppressions.suppressions(None, before=None, limit=10)
    assert [one.address for one in every] == ["b@x.example", "+47", "a@x.example"]
    assert every[2] == Suppression(channel="email", address="a@x.example", reason="reason 1", created_at=NOON + 1)
    assert [one.address for one in await suppressions.suppressions("email", before=None, limit=1)] == ["b@x.example"]
    assert len(await suppressions.suppressions("email", before=NOON + 3, limit=9)) == 1
    assert await suppressions.lift("email", "a@x.example")
    assert not await suppressions.lift("email", "a@x.example")
    assert not await directory.dead("email", {"a@x.example"})
    assert await directory.dead("email", {"b@x.example"}) == {"b@x.example": "reason 3"}
