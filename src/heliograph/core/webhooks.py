"""Event notifications: what a company's own systems are told of, the endpoints that are told, and what they are sent.

An event is written down in the transaction that makes it true (`store/sql/events.sql`), becomes a notice, which is a
message like any other, and goes out through the outbox. It therefore arrives at least once, in no promised order.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from heliograph.core.delivery import Delivery
from heliograph.core.lifecycle import State
from heliograph.core.message import Message, Text
from heliograph.core.moments import DAY_MS, iso_time

CHANNEL = "@webhooks"  # the channel that carries notices; no configured channel can be called so
FIRST_NOTICE = 2**32  # message ids from here on are notices: they are no MessagingIds, and no list of messages has them
KEEP_TRYING_MS = 5 * DAY_MS  # a notice's time to live; the schedule of its attempts ends before
ANSWER_KEPT = 4096  # bytes of an endpoint's answer that are kept, and shown to its owner alone
_SCHEME = "endpoint://"  # with it each endpoint has a lane of its own, whoever shares its host


class EventType(StrEnum):
    """What an endpoint may be told of; the value is the `type` of the payload."""

    MESSAGE_ACCEPTED = "message.accepted"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_REPLIED = "message.replied"
    DELIVERY_SENT = "delivery.sent"
    DELIVERY_DELIVERED = "delivery.delivered"
    DELIVERY_UNDELIVERED = "delivery.undelivered"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_EXPIRED = "delivery.expired"
    DELIVERY_CANCELLED = "delivery.cancelled"
    DEVICE_PRUNED = "device.pruned"
    ENDPOINT_DISABLED = "endpoint.disabled"


DELIVERY_FACTS = (
    "message_id, delivery_id, channel, address, associate_id, device_id, state, attempts, detail, provider_id"
)

#: When each type is told, and which facts its `data` has beside `company_id`. The docs render it.
EVENTS: dict[EventType, tuple[str, str]] = {
    EventType.MESSAGE_ACCEPTED: ("A message is on disk and will be delivered.", "message_id, sender_id, kind"),
    EventType.MESSAGE_RECEIVED: (
        "Somebody outside sent a message to one of our users.",
        "message_id, address (the sender's), parent_id, session_key",
    ),
    EventType.MESSAGE_REPLIED: (
        "A recipient answered a YesNoQuestion.",
        "message_id, delivery_id, associate_id, answer (yes or no)",
    ),
    EventType.DELIVERY_SENT: ("The provider took a delivery.", DELIVERY_FACTS),
    EventType.DELIVERY_DELIVERED: ("The inbox, the device or the provider confirmed that it is there.", DELIVERY_FACTS),
    EventType.DELIVERY_UNDELIVERED: ("The provider took it and then failed to deliver it.", DELIVERY_FACTS),
    EventType.DELIVERY_FAILED: ("It was refused, or its attempts are used up; `detail` says why.", DELIVERY_FACTS),
    EventType.DELIVERY_EXPIRED: ("Its time to live ended first.", DELIVERY_FACTS),
    EventType.DELIVERY_CANCELLED: ("It was withdrawn.", DELIVERY_FACTS),
    EventType.DEVICE_PRUNED: (
        "A device was forgotten: its token is dead, or it has not been seen for long.",
        "device_id, associate_id, platform, app, reason",
    ),
    EventType.ENDPOINT_DISABLED: (
        "Another endpoint of the company was disabled because it failed for too long, or said that it is gone.",
        "endpoint_id, url, reason",
    ),
}


class EndpointState(StrEnum):
    """Whether an endpoint is told anything."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A signing secret. Each that has not expired signs, so that a receiver can change over."""

    sealed: bytes
    expires_at: int = 0  # ms since the epoch; 0 for the present one


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint has been failing; empty when its last answer was a good one."""

    since: int = 0  # ms since the epoch: the first failure after the last success
    at: int = 0  # ms since the epoch: the failure told here
    words: str = ""
    answer: str = ""  # the beginning of what it answered, for its owner alone


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One URL of a company's that is told of events."""

    id: int
    company_id: int
    url: str
    types: tuple[str, ...] = ()  # what it wants to be told; empty is everything
    description: str = ""
    content: bool = False  # whether addresses and contents travel along, or ids and states alone
    state: EndpointState = EndpointState.ENABLED
    reason: str = ""  # why it is disabled
    secrets: tuple[Secret, ...] = ()  # the newest first
    created_at: int = 0
    trouble: Trouble = Trouble()

    @property
    def address(self) -> str:
        """What deliveries to it are addressed to: the URL is looked up when they are tried."""
        return f"{_SCHEME}{self.id}"


def endpoint_id(address: str) -> int:
    """The id in such an address; 0 when it is none."""
    digits = address.removeprefix(_SCHEME)
    return int(digits) if digits.isascii() and digits.isdecimal() and digits != address else 0


def secret_context(company_id: int) -> str:
    """What a company's secrets are sealed for, so that nobody who writes to the database makes another's of them."""
    return f"webhook.secret.{company_id}"


def active_secrets(endpoint: Endpoint, now: int) -> list[Secret]:
    """Those that sign at this moment (ms since the epoch), the newest first."""
    return [secret for secret in endpoint.secrets if not 0 < secret.expires_at <= now]


class TryOut(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test post; `answer` is for the endpoint's owner alone."""

    ok: bool
    status: int  # 0 when no answer came
    words: str
    answer: str = ""


class Listener(msgspec.Struct, frozen=True):
    """An endpoint that wants one event."""

    id: int
    content: bool


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, as it was written down with it, and who wants to know."""

    id: int
    company_id: int
    type: str
    at: int  # ms since the epoch; 0: just now
    message_id: int | None = None
    facts: dict[str, Any] = {}
    content: msgspec.Raw = msgspec.Raw(b"null")  # of the message, as JSON
    listeners: tuple[Listener, ...] = ()


class Webhooks(Protocol):
    """Endpoints, events and notices, kept. Raises Unavailable, as the store's ports do."""

    async def endpoint(self, id: int) -> Endpoint | None: ...

    async def endpoints(self, company_id: int | None) -> list[Endpoint]:
        """In order of id; of one company or of all."""

    async def add_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """With the id it is given here; ids are never given twice. From the next transaction on it is told."""

    async def update_endpoint(self, endpoint: Endpoint) -> None:
        """Everything but its company, its time and its trouble. Raises NotFound."""

    async def remove_endpoint(self, id: int) -> bool:
        """False when there is none."""

    async def heard(self, id: int, trouble: Trouble) -> None:
        """How it stands with an endpoint from now on; nothing when it is not there."""

    async def disable(self, id: int, *, reason: str, now: int) -> bool:
        """Disable it and tell the company's other endpoints, in one transaction; False when it was not enabled."""

    async def expand(self) -> list[Delivery]:
        """Make notices of the oldest events, in one transaction; their deliveries. Empty when no event is left."""

    async def repeat(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """A new delivery of the same notice to the same endpoint for each, in one transaction, the oldest first."""

    async def notices(
        self, endpoint: Endpoint, *, state: State | None, before_id: int | None, limit: int
    ) -> list[Delivery]:
        """Deliveries to an endpoint, newest first."""


def payload(event: Occurrence, *, content: bool, now: int) -> str:
    """`{"type", "timestamp", "data"}` as Standard Webhooks has it; the same text for every attempt."""
    data: dict[str, Any] = {"company_id": event.company_id} | event.facts
    if "address" in data and not (content and data.get("device_id") is None):
        _hide(data)
    if content and bytes(event.content) != b"null":
        data["content"] = event.content
    said = {"type": event.type, "timestamp": iso_time(event.at or now), "data": data}
    return msgspec.json.encode(said).decode()


def _hide(data: dict[str, Any]) -> None:
    """The address, and where a provider repeats it in its words."""
    address = data["address"]
    data["address"] = shortened(address)
    if address and "detail" in data:
        data["detail"] = data["detail"].replace(address, data["address"])


def notices(event: Occurrence, message_id: int, delivery_id: int, now: int) -> list[tuple[Message, list[Delivery]]]:
    """The notices of an event: one for those who want contents, one for those who do not. Ids go up from the given ones."""
    made: list[tuple[Message, list[Delivery]]] = []
    for content in (False, True):
        listeners = [listener for listener in event.listeners if listener.content is content]
        if not listeners:
            continue
        message = Message(
            id=message_id + len(made),
            company_id=event.company_id,
            sender_id=None,
            created_at=now,
            expires_at=now + KEEP_TRYING_MS,
            content=Text(sender="heliograph", body=payload(event, content=content, now=now), format="application/json"),
        )
        deliveries = [_delivery(delivery_id + n, message, listener.id) for n, listener in enumerate(listeners)]
        delivery_id += len(deliveries)
        made.append((message, deliveries))
    return made


def _delivery(id: int, message: Message, endpoint: int) -> Delivery:
    return Delivery(
        id=id,
        message_id=message.id,
        company_id=message.company_id,
        channel=CHANNEL,
        address=f"{_SCHEME}{endpoint}",
        due_at=message.created_at,
        expires_at=message.expires_at,
        updated_at=message.created_at,
    )


def repeated(old: Delivery, id: int, now: int) -> Delivery:
    """The same notice to the same endpoint once more."""
    return Delivery(
        id=id,
        message_id=old.message_id,
        company_id=old.company_id,
        channel=CHANNEL,
        address=old.address,
        due_at=now,
        expires_at=now + KEEP_TRYING_MS,
        updated_at=now,
    )


def facts_of(delivery: Delivery) -> dict[str, Any]:
    """What is told of a delivery, at the moment it moves; the trigger `told_move` says the same in SQL."""
    names = DELIVERY_FACTS.split(", ")
    return {name: getattr(delivery, "id" if name == "delivery_id" else name) for name in names}


def shortened(address: str) -> str:
    """An address by which its owner can be recognised and not reached: i***@example.com, ***4567."""
    name, at, host = address.rpartition("@")
    if at and name and "/" not in address:
        return f"{name[0]}***@{host}"
    return f"***{address[-4:]}" if len(address) >= 8 else "***"


def all_types() -> Sequence[str]:
    """Every type by its name on the wire."""
    return [type.value for type in EventType]
