"""Endpoints, events and notices over dicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from heliograph.core.answer import Answer
from heliograph.core.delivery import Delivery
from heliograph.core.errors import NotFound
from heliograph.core.lifecycle import State
from heliograph.core.message import Message, Text
from heliograph.core.people import Device
from heliograph.core.ports import Clock
from heliograph.core.webhooks import (
    CHANNEL,
    FIRST_NOTICE,
    Endpoint,
    EndpointState,
    EventType,
    Listener,
    Occurrence,
    Trouble,
    all_types,
    facts_of,
    notices,
    repeated,
)
from heliograph.store.memory.tables import Tables

UNSEEN = "not seen for long"


class MemoryWebhooks:
    """Port `Webhooks`."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    async def endpoint(self, id: int) -> Endpoint | None:
        """One endpoint."""
        return self._tables.open().endpoints.get(id)

    async def endpoints(self, company_id: int | None) -> list[Endpoint]:
        """In order of id."""
        return [each for each in self._tables.open().endpoints.values() if company_id in (None, each.company_id)]

    async def add_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with its id."""
        t = self._tables.open()
        added = replace(endpoint, id=t.next_endpoint)
        t.next_endpoint += 1
        t.endpoints[added.id] = added
        return added

    async def update_endpoint(self, endpoint: Endpoint) -> None:
        """Raises NotFound."""
        known = self._tables.open().endpoints
        if endpoint.id not in known:
            raise NotFound(f"There is no endpoint {endpoint.id}.")
        was = known[endpoint.id]
        known[endpoint.id] = replace(
            endpoint, company_id=was.company_id, created_at=was.created_at, trouble=was.trouble
        )

    async def remove_endpoint(self, id: int) -> bool:
        """False when there is none."""
        return self._tables.open().endpoints.pop(id, None) is not None

    async def heard(self, id: int, trouble: Trouble) -> None:
        """How it stands with it."""
        known = self._tables.open().endpoints
        if id in known:
            known[id] = replace(known[id], trouble=trouble)

    async def disable(self, id: int, *, reason: str, now: int) -> bool:
        """Whether it was enabled; then the others of its company are told."""
        t = self._tables.open()
        endpoint = t.endpoints.get(id)
        if endpoint is None or endpoint.state is EndpointState.DISABLED:
            return False
        t.endpoints[id] = replace(endpoint, state=EndpointState.DISABLED, reason=reason)
        facts = {"endpoint_id": id, "url": endpoint.url, "reason": reason}
        tell(t, EventType.ENDPOINT_DISABLED, endpoint.company_id, now, facts)
        return True

    async def expand(self) -> list[Delivery]:
        """Make notices of all events; their deliveries."""
        t = self._tables.open()
        made = []
        for event in t.occurrences:
            message = t.messages.get(event.message_id or 0)
            content = msgspec.Raw(b"null" if message is None else msgspec.json.encode(message.content))
            listeners = tuple(Listener(each.id, each.content) for each in _listeners(t, event.company_id, event.type))
            told = replace(event, content=content, listeners=listeners)
            for notice, deliveries in notices(told, t.next_notice, t.next_delivery, self._clock.now()):
                t.next_notice += 1
                t.next_delivery += len(deliveries)
                t.messages[notice.id] = notice
                t.deliveries |= {delivery.id: delivery for delivery in deliveries}
                made += deliveries
        t.occurrences = []
        return made

    async def repeat(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """New deliveries of the same notices."""
        t, now = self._tables.open(), self._clock.now()
        old = sorted(deliveries, key=lambda delivery: delivery.id)
        again = [repeated(delivery, id, now) for id, delivery in enumerate(old, start=t.next_delivery)]
        t.next_delivery += len(again)
        t.deliveries |= {delivery.id: delivery for delivery in again}
        return again

    async def notices(
        self, endpoint: Endpoint, *, state: State | None, before_id: int | None, limit: int
    ) -> list[Delivery]:
        """Newest first."""
        found = [
            delivery
            for delivery in self._tables.open().deliveries.values()
            if (delivery.channel, delivery.address) == (CHANNEL, endpoint.address)
            and state in (None, delivery.state)
            and (before_id is None or delivery.id < before_id)
        ]
        return sorted(found, key=lambda delivery: -delivery.id)[:limit]


def tell(t: Tables, type: str, company_id: int, at: int, facts: dict[str, Any], message_id: int | None = None) -> None:
    """Write an event down, if anybody in the company wants to be told."""
    if _listeners(t, company_id, type):
        occurrence = Occurrence(
            id=len(t.occurrences) + 1, company_id=company_id, type=type, at=at, message_id=message_id, facts=facts
        )
        t.occurrences.append(occurrence)


def tell_message(t: Tables, message: Message) -> None:
    """A message was accepted, or came in."""
    content = message.content
    if message.id >= FIRST_NOTICE:
        return
    if isinstance(content, Text) and content.inbound:
        facts: dict[str, Any] = {
            "message_id": message.id,
            "address": content.sender,
            "parent_id": content.parent_id,
            "session_key": content.session_key,
        }
        tell(t, EventType.MESSAGE_RECEIVED, message.company_id, message.created_at, facts, message.id)
        return
    kind = "text" if isinstance(content, Text) else "push"
    facts = {"message_id": message.id, "sender_id": message.sender_id, "kind": kind}
    tell(t, EventType.MESSAGE_ACCEPTED, message.company_id, message.created_at, facts, message.id)


def tell_all(t: Tables, messages: Iterable[Message], deliveries: Iterable[Delivery]) -> None:
    """What was accepted: messages, and deliveries that nobody could ever make."""
    for message in messages:
        tell_message(t, message)
    for delivery in deliveries:
        if delivery.state is State.FAILED:
            _tell_delivery(t, delivery)


def tell_move(t: Tables, was: Delivery, delivery: Delivery) -> None:
    """A delivery moved, perhaps to another state."""
    if delivery.state is not was.state:
        _tell_delivery(t, delivery)


def _tell_delivery(t: Tables, delivery: Delivery) -> None:
    if delivery.message_id < FIRST_NOTICE:
        type, facts = f"delivery.{delivery.state.value}", facts_of(delivery)
        tell(t, type, delivery.company_id, delivery.updated_at, facts, delivery.message_id)


def tell_answer(t: Tables, answer: Answer) -> None:
    """A recipient answered a question."""
    facts = {
        "message_id": answer.message_id,
        "delivery_id": answer.delivery_id,
        "associate_id": answer.associate_id,
        "answer": answer.value.value,
    }
    tell(t, EventType.MESSAGE_REPLIED, answer.company_id, answer.answered_at, facts, answer.message_id)


def tell_pruned(t: Tables, device: Device, reason: str, now: int) -> None:
    """A device is about to be forgotten."""
    facts = {
        "device_id": device.id,
        "associate_id": device.associate_id,
        "platform": device.platform,
        "app": device.app,
        "reason": reason,
    }
    tell(t, EventType.DEVICE_PRUNED, t.users[device.associate_id].company_id, now, facts)


def _listeners(t: Tables, company_id: int, type: str) -> list[Endpoint]:
    return [
        each
        for each in t.endpoints.values()
        if each.company_id == company_id and each.state is EndpointState.ENABLED and type in (each.types or all_types())
    ]
