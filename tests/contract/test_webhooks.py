"""Events are written down with what they tell of, and become notices for exactly those who want them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.contract.conftest import Store

from heliograph.core.answer import Answer, YesNo
from heliograph.core.delivery import Acceptance, Delivery, Record
from heliograph.core.errors import NotFound
from heliograph.core.lifecycle import Happening, State
from heliograph.core.message import Push, PushType, Text
from heliograph.core.webhooks import (
    CHANNEL,
    FIRST_NOTICE,
    Endpoint,
    EndpointState,
    EventType,
    Secret,
    Trouble,
    endpoint_id,
)
from heliograph.testing.builders import a_company, a_delivery, a_device, a_message, a_user
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


def an_endpoint(**changes: Any) -> Endpoint:
    plain = Endpoint(id=0, company_id=1, url="https://hooks.example.com/a", secrets=(Secret(sealed=b"s"),))
    return replace(plain, **changes)


async def told(store: Store) -> list[tuple[int, dict[str, Any]]]:
    """Every notice that can be made now: to which endpoint, and what it says."""
    found = []
    while made := await store.webhooks.expand():
        for delivery in made:
            message = await store.outbox.message(delivery.message_id)
            assert message is not None
            assert isinstance(message.content, Text)
            found.append((endpoint_id(delivery.address), msgspec.json.decode(message.content.body)))
    return found


async def types_told(store: Store) -> list[str]:
    return [said["type"] for _, said in await told(store)]


async def accepted(store: Store, *, state: State = State.QUEUED, **changes: Any) -> Delivery:
    message_id, delivery_id = await store.outbox.reserve(1, 1)
    message = a_message(message_id, **changes)
    delivery = a_delivery(delivery_id, message_id=message_id, company_id=message.company_id, state=state)
    await store.outbox.accept(Acceptance(messages=(message,), deliveries=(delivery,)))
    return delivery


async def test_an_endpoint_is_kept_as_it_was_given(store: Store) -> None:
    wanted = an_endpoint(types=("message.accepted",), description="orders", content=True, created_at=5)
    kept = await store.webhooks.add_endpoint(wanted)
    assert kept == replace(wanted, id=kept.id)
    assert await store.webhooks.endpoint(kept.id) == kept
    assert await store.webhooks.endpoints(1) == [kept]
    assert await store.webhooks.endpoints(2) == []
    assert await store.webhooks.endpoints(None) == [kept]


async def test_a_change_leaves_company_birth_and_trouble_alone(store: Store) -> None:
    kept = await store.webhooks.add_endpoint(an_endpoint(created_at=5))
    trouble = Trouble(since=1, at=2, words="500", answer="oops")
    await store.webhooks.heard(kept.id, trouble)
    await store.webhooks.update_endpoint(replace(kept, url="https://b.example.com/", company_id=9, created_at=7))
    assert await store.webhooks.endpoint(kept.id) == replace(kept, url="https://b.example.com/", trouble=trouble)
    with pytest.raises(NotFound):
        await store.webhooks.update_endpoint(replace(kept, id=999))


async def test_a_removed_endpoint_s_id_is_never_given_again(store: Store) -> None:
    first = await store.webhooks.add_endpoint(an_endpoint())
    assert await store.webhooks.remove_endpoint(first.id)
    assert not await store.webhooks.remove_endpoint(first.id)
    assert (await store.webhooks.add_endpoint(an_endpoint())).id > first.id


async def test_nothing_is_written_down_where_nobody_wants_to_be_told(store: Store) -> None:
    await accepted(store)
    other = await store.webhooks.add_endpoint(an_endpoint(company_id=2))
    await accepted(store)
    assert await told(store) == []
    await store.webhooks.remove_endpoint(other.id)
    await accepted(store, company_id=2)
    await store.webhooks.add_endpoint(an_endpoint(company_id=2))
    assert await told(store) == [], "what happened before the subscription is not told"


async def test_an_accepted_message_is_told_with_its_ids_alone(store: Store) -> None:
    endpoint = await store.webhooks.add_endpoint(an_endpoint())
    delivery = await accepted(store, created_at=1000, content=Push(title="secret plan"))
    [(to, said)] = await told(store)
    assert to == endpoint.id
    assert said == {
        "type": "message.accepted",
        "timestamp": "1970-01-01T00:00:01.000Z",
        "data": {"company_id": 1, "message_id": delivery.message_id, "sender_id": 101, "kind": "push"},
    }


async def test_whoever_asks_for_contents_gets_them_and_nobody_else_does(store: Store) -> None:
    thin = await store.webhooks.add_endpoint(an_endpoint())
    full = await store.webhooks.add_endpoint(an_endpoint(content=True))
    await accepted(store, content=Push(title="the plan"))
    notices = dict(await told(store))
    assert "content" not in notices[thin.id]["data"]
    assert notices[full.id]["data"]["content"]["title"] == "the plan"


@pytest.mark.parametrize(
    ("happening", "type"),
    [
        (Happening.ACCEPTED, EventType.DELIVERY_SENT),
        (Happening.ARRIVED, EventType.DELIVERY_DELIVERED),
        (Happening.BOUNCED, EventType.DELIVERY_UNDELIVERED),
        (Happening.REFUSED, EventType.DELIVERY_FAILED),
        (Happening.EXHAUSTED, EventType.DELIVERY_FAILED),
        (Happening.EXPIRED, EventType.DELIVERY_EXPIRED),
    ],
)
async def test_each_end_of_a_try_is_told_once(store: Store, happening: Happening, type: EventType) -> None:
    await store.webhooks.add_endpoint(an_endpoint(types=(type.value,)))
    delivery = await accepted(store)
    [claimed] = await store.outbox.claim([delivery.id], now=delivery.due_at, lease_until=delivery.due_at + 1000)
    record = Record(delivery_id=delivery.id, happening=happening, at=2000, lease=claimed.delivery.lease, detail="why")
    await store.outbox.record([record])
    [(_, said)] = await told(store)
    assert said["type"] == type
    assert said["data"]["delivery_id"] == delivery.id
    assert said["data"]["detail"] == "why"
    assert said["data"]["state"] == type.removeprefix("delivery.")
    assert said["data"]["attempts"] == 1
    assert said["data"]["address"].startswith("***")


async def test_a_deferral_and_a_second_receipt_are_no_events(store: Store) -> None:
    await store.webhooks.add_endpoint(an_endpoint())
    delivery = await accepted(store)
    [claimed] = await store.outbox.claim([delivery.id], now=delivery.due_at, lease_until=delivery.due_at + 1000)
    lease = claimed.delivery.lease
    again = Record(delivery_id=delivery.id, happening=Happening.DEFERRED, at=2, lease=lease, due_at=9, detail="later")
    arrived = Record(delivery_id=delivery.id, happening=Happening.ARRIVED, at=3)
    await store.outbox.record([again, arrived, arrived, arrived])
    assert await types_told(store) == ["message.accepted", "delivery.delivered"]


async def test_a_delivery_withdrawn_and_one_that_could_never_go_are_told(store: Store) -> None:
    await store.webhooks.add_endpoint(an_endpoint(types=("delivery.failed", "delivery.cancelled")))
    await accepted(store, state=State.FAILED)
    waiting = await accepted(store)
    await store.outbox.record([Record(delivery_id=waiting.id, happening=Happening.CANCELLED, at=1)])
    assert await types_told(store) == ["delivery.failed", "delivery.cancelled"]


async def test_what_the_sweeper_expires_is_told(store: Store) -> None:
    await store.webhooks.add_endpoint(an_endpoint(types=("delivery.expired",)))
    delivery = await accepted(store)
    await store.outbox.sweep(now=delivery.expires_at + 1, limit=10)
    assert await types_told(store) == ["delivery.expired"]


async def test_an_answer_to_a_question_is_told_once(store: Store) -> None:
    await store.webhooks.add_endpoint(an_endpoint())
    delivery = await accepted(store, content=Push(title="?", type=PushType.QUESTION))
    answer = Answer(
        message_id=delivery.message_id,
        associate_id=101,
        delivery_id=delivery.id,
        company_id=1,
        value=YesNo.YES,
        answered_at=77,
    )
    await store.answers.keep(answer)
    await store.answers.keep(replace(answer, value=YesNo.NO))
    replied = [said for _, said in await told(store) if said["type"] == "message.replied"]
    assert [said["data"]["answer"] for said in replied] == ["yes"]


async def test_a_message_from_outside_is_received_and_not_accepted(store: Store) -> None:
    await store.webhooks.add_endpoint(an_endpoint())
    await accepted(store, content=Text(sender="+4712345678", body="hi", inbound=True, session_key="k", parent_id=4))
    [(_, said)] = await told(store)
    assert said["type"] == "message.received"
    assert said["data"]["address"] == "***5678"
    assert (said["data"]["session_key"], said["data"]["parent_id"]) == ("k", 4)


async def test_devices_that_are_forgotten_are_told_by_their_reason(store: Store) -> None:
    await store.directory.add_company(a_company())
    await store.directory.add_user(a_user(101, company_id=1))
    await store.webhooks.add_endpoint(an_endpoint(types=("device.pruned",)))
    dead = await store.directory.put_device(a_device(0, associate_id=101, identifier="a", handle="dead", last_seen=900))
    old = await store.directory.put_device(a_device(0, associate_id=101, identifier="b", handle="old", last_seen=5))
    kept = await store.directory.put_device(a_device(0, associate_id=101, identifier="c", handle="c", last_seen=900))
    await store.directory.suppress("apns", "dead", reason="410 Unregistered", now=50)
    await store.directory.prune_devices(before=100, limit=10)
    await store.directory.remove_device(kept.id)
    notices = [said["data"] for _, said in await told(store)]
    assert [(data["device_id"], data["reason"]) for data in notices] == [
        (dead.id, "410 Unregistered"),
        (old.id, "not seen for long"),
    ]
    assert "handle" not in notices[0]


async def test_a_disabled_endpoint_hears_nothing_and_the_others_hear_of_it(store: Store) -> None:
    first = await store.webhooks.add_endpoint(an_endpoint())
    second = await store.webhooks.add_endpoint(an_endpoint(url="https://b.example.com/"))
    stranger = await store.webhooks.add_endpoint(an_endpoint(company_id=2))
    assert await store.webhooks.disable(first.id, reason="gone", now=9)
    assert not await store.webhooks.disable(first.id, reason="again", now=10)
    await accepted(store)
    notices = await told(store)
    assert [(to, said["type"]) for to, said in notices] == [
        (second.id, "endpoint.disabled"),
        (second.id, "message.accepted"),
    ]
    assert notices[0][1]["data"]["reason"] == "gone"
    assert stranger.id not in dict(notices)
    kept = await store.webhooks.endpoint(first.id)
    assert kept is not None
    assert (kept.state, kept.reason) == (EndpointState.DISABLED, "gone")


async def test_a_notice_is_itself_no_event_and_in_no_list_of_messages(store: Store) -> None:
    await store.webhooks.add_endpoint(an_endpoint())
    delivery = await accepted(store)
    [notice] = await store.webhooks.expand()
    assert notice.message_id >= FIRST_NOTICE
    assert notice.channel == CHANNEL
    [claimed] = await store.outbox.claim([notice.id], now=notice.due_at, lease_until=notice.due_at + 1000)
    lease = claimed.delivery.lease
    await store.outbox.record([Record(delivery_id=notice.id, happening=Happening.ACCEPTED, at=1, lease=lease)])
    assert await store.webhooks.expand() == []
    listed = await store.outbox.messages(company_id=None, state=None, before_id=None, limit=10)
    assert [message.id for message in listed] == [delivery.message_id]


async def test_a_notice_that_failed_is_no_message_that_ended_badly_and_is_removed_with_time(store: Store) -> None:
    endpoint = await store.webhooks.add_endpoint(an_endpoint())
    await accepted(store, state=State.FAILED)
    for notice in await store.webhooks.expand():
        [claimed] = await store.outbox.claim([notice.id], now=notice.due_at, lease_until=notice.due_at + 1000)
        lease = claimed.delivery.lease
        await store.outbox.record([Record(delivery_id=notice.id, happening=Happening.REFUSED, at=1, lease=lease)])
    assert (await store.outbox.backlog(company_id=None)).bad == {State.FAILED: 1}
    assert (await store.outbox.backlog(company_id=1)).bad == {State.FAILED: 1}
    assert len(await store.webhooks.notices(endpoint, state=State.FAILED, before_id=None, limit=9)) == 2
    assert await store.outbox.prune(before=notice.due_at + 10**12, limit=9) == 3
    assert await store.webhooks.notices(endpoint, state=None, before_id=None, limit=9) == []


async def test_notices_to_an_endpoint_are_listed_newest_first_and_by_state(store: Store, clock: JumpingClock) -> None:
    mine = await store.webhooks.add_endpoint(an_endpoint())
    await store.webhooks.add_endpoint(an_endpoint())
    for _ in range(3):
        await accepted(store)
    made = [delivery for delivery in await store.webhooks.expand() if delivery.address == mine.address]
    listed = await store.webhooks.notices(mine, state=None, before_id=None, limit=2)
    assert [delivery.id for delivery in listed] == [made[2].id, made[1].id]
    rest = await store.webhooks.notices(mine, state=State.QUEUED, before_id=made[1].id, limit=9)
    assert [delivery.id for delivery in rest] == [made[0].id]
    assert await store.webhooks.notices(mine, state=State.FAILED, before_id=None, limit=9) == []


async def test_a_notice_is_delivered_once_more_by_a_delivery_of_its_own(store: Store) -> None:
    endpoint = await store.webhooks.add_endpoint(an_endpoint())
    await accepted(store)
    await accepted(store)
    first, second = await store.webhooks.expand()
    again = await store.webhooks.repeat([second, first])
    assert [each.message_id for each in again] == [first.message_id, second.message_id]
    assert {each.address for each in again} == {endpoint.address}
    listed = await store.webhooks.notices(endpoint, state=None, before_id=None, limit=9)
    assert [each.id for each in listed] == [again[1].id, again[0].id, second.id, first.id]


async def test_notices_are_due_in_the_queue_like_any_delivery(store: Store, clock: JumpingClock) -> None:
    await store.webhooks.add_endpoint(an_endpoint())
    await accepted(store)
    [notice] = await store.webhooks.expand()
    assert await store.queue.due(CHANNEL, now=clock.now(), limit=10) == [notice.id]
