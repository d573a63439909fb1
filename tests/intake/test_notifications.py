"""What a user has dealt with, and what the app is told at start."""

from __future__ import annotations

import pytest

from heliograph.config.settings import PushSettings
from heliograph.core.delivery import ItemState
from heliograph.core.errors import InvalidArgument, NotAllowed
from heliograph.core.lifecycle import State
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Call
from heliograph.intake.carriers import NotificationEvent
from heliograph.intake.notifications import NotificationService
from heliograph.intake.receipts import Receipts
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import an_acceptance, an_item
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


def by(associate_id: int | None) -> Call:
    return Call(method="", arguments={}, caller=Caller(company_id=1, door=Door.SOAP, associate_id=associate_id))


@pytest.fixture
async def store(clock: JumpingClock) -> MemoryStore:
    """Associate 101 has unread items about the records 7, 7, 8 and none; 102 has one about 7."""
    store = MemoryStore(clock)
    await store.inbox.put(
        [
            an_item(delivery_id=delivery, associate_id=owner, record_id=record)
            for delivery, (owner, record) in enumerate([(101, 7), (101, 7), (101, 8), (101, 0), (102, 7)], 1)
        ]
    )
    return store


@pytest.fixture
def notifications(store: MemoryStore, clock: JumpingClock) -> NotificationService:
    return NotificationService(store.inbox, Receipts(store.outbox, clock), PushSettings())


async def unread(store: MemoryStore, owner: int) -> list[int]:
    """The records of a user's unread items."""
    items = await store.inbox.items(owner, before_id=None, limit=100)
    return sorted(item.record_id for item in items if item.state is ItemState.UNREAD)


async def test_a_handled_notification_is_read_for_the_caller_alone(
    notifications: NotificationService, store: MemoryStore
) -> None:
    await notifications.notification_handled(by(101), notification_event_type="NewTicket", id=7)
    assert await unread(store, 101) == [0, 8]
    assert await unread(store, 102) == [7]


async def test_handling_a_notification_is_the_receipt_of_its_delivery(
    notifications: NotificationService, store: MemoryStore
) -> None:
    await store.outbox.accept(an_acceptance(5, state=State.SENT))
    await notifications.notification_handled(by(101), notification_event_type="NewTicket", id=7)
    states = [delivery.state.value for delivery in await store.outbox.deliveries([1, 2, 3, 4, 5])]
    assert states == ["delivered", "delivered", "sent", "sent", "sent"]


async def test_several_can_be_handled_at_once(notifications: NotificationService, store: MemoryStore) -> None:
    events = [NotificationEvent(type="NewTicket", id=7), NotificationEvent(id=8), NotificationEvent(id=7)]
    await notifications.notifications_handled(by(101), notification_events=events)
    assert await unread(store, 101) == [0]
    await notifications.notifications_handled(by(101), notification_events=[])


async def test_an_id_that_names_no_record_marks_nothing(notifications: NotificationService, store: MemoryStore) -> None:
    for wrong in (0, -7):
        with pytest.raises(InvalidArgument):
            await notifications.notification_handled(by(101), notification_event_type="Unknown", id=wrong)
    events = [NotificationEvent(id=7), NotificationEvent(id=0)]
    with pytest.raises(InvalidArgument):
        await notifications.notifications_handled(by(101), notification_events=events)
    assert await unread(store, 101) == [0, 7, 7, 8]


async def test_a_machine_has_no_notifications(notifications: NotificationService) -> None:
    with pytest.raises(NotAllowed):
        await notifications.notification_handled(by(None), notification_event_type="Unknown", id=7)


async def test_the_app_is_told_what_the_gateway_knows(store: MemoryStore, clock: JumpingClock) -> None:
    receipts = Receipts(store.outbox, clock)
    without = NotificationService(store.inbox, receipts, PushSettings())
    with_routes = NotificationService(store.inbox, receipts, PushSettings(routes={"Google": "fcm"}))
    plain = await without.get_pocket_startup_data(by(101), tables=[], current_client_time=None)
    routed = await with_routes.get_pocket_startup_data(by(102), tables=["x"], current_client_time=None)
    assert (plain.notifications_count, plain.is_push_notification_enabled) == (4, False)
    assert (routed.notifications_count, routed.is_push_notification_enabled) == (1, True)
