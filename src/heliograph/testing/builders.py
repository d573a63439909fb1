"""Nouns for tests: complete, plausible, each member overridable by name."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from heliograph.core.access import AccessToken, Application, Scope
from heliograph.core.delivery import Acceptance, Address, Delivery, InboxItem, ItemState, Letter
from heliograph.core.message import Message, Push, Text
from heliograph.core.moments import DAY_MS as DAY_MS
from heliograph.core.people import Caller, Company, Device, Door, User
from heliograph.core.ports import Call
from heliograph.core.replay import Replay
from heliograph.core.scripting import DueEvent
from heliograph.testing.clock import SATURDAY_NOON


def a_company(**changes: Any) -> Company:
    """Company 1, active, without an integration key."""
    return replace(Company(id=1, name="Lighthouse Keepers", created_at=SATURDAY_NOON), **changes)


def a_user(associate_id: int = 101, **changes: Any) -> User:
    """An active user of company 1 whose name, GUID and e-mail follow from the associate id."""
    return replace(
        User(
            associate_id=associate_id,
            company_id=1,
            user_id=f"{associate_id:032x}",
            user_name=f"keeper{associate_id}",
            email=f"keeper{associate_id}@example.com",
            full_name=f"Keeper {associate_id}",
            created_at=SATURDAY_NOON,
        ),
        **changes,
    )


def a_device(id: int = 1, **changes: Any) -> Device:
    """A Google device of associate 101."""
    return replace(
        Device(
            id=id,
            associate_id=101,
            identifier=f"device-{id}",
            handle=f"handle of {changes.get('identifier', f'device-{id}')}",
            platform="Google",
            registered_at=SATURDAY_NOON,
            last_seen=SATURDAY_NOON,
        ),
        **changes,
    )


def a_push(**changes: Any) -> Push:
    """A plain notification."""
    return replace(Push(title="Lamp room", body="The lamp is lit."), **changes)


def a_text(**changes: Any) -> Text:
    """A message to one address."""
    return replace(Text(sender="Lighthouse", to="keeper101", body="The lamp is lit."), **changes)


def a_message(id: int = 1, **changes: Any) -> Message:
    """A text of company 1 by associate 101, accepted at the clock's start and living for a day."""
    return replace(
        Message(
            id=id,
            company_id=1,
            sender_id=101,
            created_at=SATURDAY_NOON,
            expires_at=SATURDAY_NOON + DAY_MS,
            content=a_text(),
        ),
        **changes,
    )


def a_delivery(id: int = 1, **changes: Any) -> Delivery:
    """Queued and due at the clock's start, of the message with the same id, by the channel `stub`."""
    return replace(
        Delivery(
            id=id,
            message_id=changes.get("message_id", id),
            company_id=1,
            channel="stub",
            address=f"address-{id}",
            due_at=SATURDAY_NOON,
            expires_at=SATURDAY_NOON + DAY_MS,
            updated_at=SATURDAY_NOON,
        ),
        **changes,
    )


def an_acceptance(count: int = 1, *, first: int = 1, **changes: Any) -> Acceptance:
    """That many messages with one delivery each, ids from `first` on; `changes` are the deliveries'."""
    deliveries = tuple(a_delivery(id, **changes) for id in range(first, first + count))
    messages = tuple(
        a_message(delivery.message_id, company_id=delivery.company_id, expires_at=delivery.expires_at)
        for delivery in deliveries
    )
    return Acceptance(messages=messages, deliveries=deliveries)


def a_letter(**changes: Any) -> Letter:
    """The first try of delivery 1."""
    return replace(Letter(message=a_message(), delivery_id=1, address=Address(value="address-1"), attempt=1), **changes)


def an_event(id: int = 1, **changes: Any) -> DueEvent:
    """An AfterAsync event of company 1's SendMessages that nobody holds."""
    event = DueEvent(
        id=id, company_id=1, method="SendMessages", created_at=SATURDAY_NOON, lease_until=0, payload=b"sealed"
    )
    return replace(event, **changes)


def a_replay(key: str = "key-1", **changes: Any) -> Replay:
    """What associate 101 of company 1 was answered under a key that lives for a day."""
    replay = Replay(
        company_id=1,
        caller="user 101",
        key=key,
        fingerprint="f" * 64,
        answer=b"\x00stored",
        created_at=SATURDAY_NOON,
        expires_at=SATURDAY_NOON + DAY_MS,
    )
    return replace(replay, **changes)


def an_access_token(**changes: Any) -> AccessToken:
    """A machine's token of company 1 that may send pushes for a day, not stored yet (`id` 0)."""
    token = AccessToken(
        id=0,
        company_id=1,
        associate_id=None,
        name="lamp timer",
        hash=b"h" * 32,
        scopes=(Scope.PUSH,),
        created_at=SATURDAY_NOON,
        expires_at=SATURDAY_NOON + DAY_MS,
    )
    return replace(token, **changes)


def an_application(**changes: Any) -> Application:
    """One that may use the Pocket agent, not stored yet (`id` 0)."""
    application = Application(id=0, name="Beacon", token_hash=b"a" * 32, agents=("Pocket",), created_at=SATURDAY_NOON)
    return replace(application, **changes)


def an_item(delivery_id: int = 1, **changes: Any) -> InboxItem:
    """An unread inbox item of associate 101, not stored yet (`id` 0)."""
    return replace(
        InboxItem(
            id=0,
            associate_id=101,
            company_id=1,
            message_id=delivery_id,
            delivery_id=delivery_id,
            title="Lamp room",
            body="The lamp is lit.",
            url="",
            type="Message",
            record_id=0,
            data={},
            state=ItemState.UNREAD,
            time=SATURDAY_NOON,
            expires_at=0,
        ),
        **changes,
    )


def a_caller(**changes: Any) -> Caller:
    """Associate 101 of company 1, over SOAP."""
    return replace(Caller(company_id=1, door=Door.SOAP, associate_id=101), **changes)


def a_call(method: str = "SendMessages", **changes: Any) -> Call:
    """A call by `a_caller()`, its arguments empty."""
    return replace(Call(method=method, arguments={}, caller=a_caller()), **changes)
