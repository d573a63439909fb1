"""What a company's administrators do with its event notifications: endpoints, secrets, a look at what was sent, again."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Protocol

import msgspec
from msgspec.structs import replace

from heliograph.config.settings import EventSettings
from heliograph.core.delivery import Address, Attempt, Delivery, Record
from heliograph.core.errors import InvalidArgument, MissingArgument, NotFound
from heliograph.core.lifecycle import Happening, State
from heliograph.core.moments import HOUR_MS
from heliograph.core.ports import Clock, Outbox, Queue, Sealer
from heliograph.core.webhooks import (
    KEEP_TRYING_MS,
    Endpoint,
    EndpointState,
    Secret,
    Trouble,
    TryOut,
    Webhooks,
    active_secrets,
    all_types,
    secret_context,
)
from heliograph.intake.sign_in import Entropy

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes of a secret
_NEW = 32  # bytes of one made here
LONGEST_DESCRIPTION = 200
PAGE_MAX = 1000
_DEAD = (State.FAILED, State.EXPIRED)


class Outlet(Protocol):
    """The channel by which endpoints are reached, as far as it is needed here."""

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """The URL in its one form. Raises InvalidArgument."""

    async def try_out(self, endpoint: Endpoint) -> TryOut:
        """Post a test event now."""


class NewSecret(msgspec.Struct, frozen=True):
    """An endpoint and its new secret, which is shown once."""

    endpoint: Endpoint
    text: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of an endpoint; None leaves a member as it is."""

    url: str | None = None
    types: Sequence[str] | None = None
    description: str | None = None
    content: bool | None = None
    state: EndpointState | None = None


class Sent(msgspec.Struct, frozen=True):
    """A delivery to an endpoint: what it told, and its attempts."""

    delivery: Delivery
    type: str
    attempts: tuple[Attempt, ...]


class WebhookService:
    """Endpoints of one company; another's are not found."""

    def __init__(
        self,
        webhooks: Webhooks,
        outlet: Outlet,
        outbox: Outbox,
        queue: Queue,
        sealer: Sealer,
        clock: Clock,
        entropy: Entropy,
        settings: EventSettings,
    ) -> None:
        self._webhooks = webhooks
        self._outlet = outlet
        self._outbox = outbox
        self._queue = queue
        self._sealer = sealer
        self._clock = clock
        self._entropy = entropy
        self._settings = settings

    async def add(self, company_id: int, said: Change, *, secret: str = "") -> NewSecret:
        """A new endpoint, told from now on. Without a secret of the owner's one is made.

        Raises InvalidArgument, MissingArgument naming the field.
        """
        if not said.url:
            raise MissingArgument("Url is required.", field="Url")
        if len(await self._webhooks.endpoints(company_id)) >= self._settings.endpoints:
            raise InvalidArgument(f"A company may have {self._settings.endpoints} endpoints.", field="Url")
        text = self._secret(secret)
        bare = Endpoint(id=0, company_id=company_id, url="", created_at=self._clock.now())
        endpoint = await self._changed(replace(bare, secrets=(self._sealed(text, company_id),)), said)
        return NewSecret(await self._webhooks.add_endpoint(endpoint), text)

    async def all(self, company_id: int | None) -> list[Endpoint]:
        """In order of id; of one company or of all."""
        return await self._webhooks.endpoints(company_id)

    async def trouble(self) -> dict[str, int]:
        """How many endpoints fail, and how many were disabled for it."""
        endpoints = await self._webhooks.endpoints(None)
        enabled = [each for each in endpoints if each.state is EndpointState.ENABLED]
        return {
            "failing": sum(1 for each in enabled if each.trouble.since),
            "disabled": sum(1 for each in endpoints if each not in enabled and each.trouble.since),
        }

    async def find(self, company_id: int | None, id: int) -> Endpoint:
        """One endpoint. Raises NotFound, also for another company's."""
        endpoint = await self._webhooks.endpoint(id)
        if endpoint is None or company_id not in (None, endpoint.company_id):
            raise NotFound(f"There is no webhook endpoint {id}.")
        return endpoint

    async def change(self, endpoint: Endpoint, said: Change) -> Endpoint:
        """The endpoint as it is from now on. One that is enabled again starts with a clean record."""
        changed = await self._changed(endpoint, said)
        await self._webhooks.update_endpoint(changed)
        if endpoint.state is EndpointState.DISABLED and changed.state is EndpointState.ENABLED:
            changed = replace(changed, trouble=Trouble())
            await self._webhooks.heard(changed.id, changed.trouble)
        return changed

    async def remove(self, endpoint: Endpoint) -> None:
        """Forget it; what still waits for it fails."""
        await self._webhooks.remove_endpoint(endpoint.id)

    async def rotate(self, endpoint: Endpoint, *, secret: str = "") -> NewSecret:
        """A new secret; the present one signs beside it for `webhooks.rotation_hours` more. Older ones end now."""
        text, now = self._secret(secret), self._clock.now()
        until = now + int(self._settings.rotation_hours * HOUR_MS)
        present = [each for each in active_secrets(endpoint, now) if not each.expires_at]
        old = tuple(replace(each, expires_at=until) for each in present) if until > now else ()
        changed = replace(endpoint, secrets=(self._sealed(text, endpoint.company_id), *old))
        await self._webhooks.update_endpoint(changed)
        return NewSecret(changed, text)

    async def test(self, endpoint: Endpoint) -> TryOut:
        """Post a signed event of type gateway.check now, and tell what came back."""
        return await self._outlet.try_out(endpoint)

    async def sent(
        self, endpoint: Endpoint, *, state: State | None = None, before_id: int | None = None, limit: int = 50
    ) -> list[Sent]:
        """What it was or is to be told, newest first. At most 1,000 at once."""
        limit = min(max(limit, 1), PAGE_MAX)
        deliveries = await self._webhooks.notices(endpoint, state=state, before_id=before_id, limit=limit)
        attempts: dict[int, list[Attempt]] = {delivery.id: [] for delivery in deliveries}
        for attempt in await self._outbox.attempts(list(attempts)):
            attempts[attempt.delivery_id].append(attempt)
        return [Sent(delivery, await self._type(delivery), tuple(attempts[delivery.id])) for delivery in deliveries]

    async def replay(
        self, endpoint: Endpoint, *, delivery_id: int | None = None, since: int = 0, taken: bool = False
    ) -> int:
        """Send again what failed or expired: one delivery, or all updated since then (ms since the epoch); how many.

        With `taken` also what the endpoint took, for one that has lost it. Each keeps its webhook-id and gets another
        five days. Raises NotFound for a delivery that is none of these.
        """
        dead = await self._ended(endpoint, _DEAD, delivery_id, since)
        sent = await self._ended(endpoint, (State.SENT,), delivery_id, since) if taken else []
        if delivery_id is not None and not (dead or sent):
            raise NotFound(f"Endpoint {endpoint.id} has no delivery {delivery_id} that could be sent again.")
        now, count = self._clock.now(), 0
        for start in range(0, len(dead), PAGE_MAX):
            count += await self._retried(dead[start : start + PAGE_MAX], now)
        for start in range(0, len(sent), PAGE_MAX):
            again = await self._webhooks.repeat(sent[start : start + PAGE_MAX])
            await self._queue.publish(again)
            count += len(again)
        return count

    async def _ended(
        self, endpoint: Endpoint, states: Sequence[State], delivery_id: int | None, since: int
    ) -> list[Delivery]:
        found = [delivery for state in states for delivery in await self._all_in(endpoint, state)]
        return [each for each in found if each.updated_at >= since and delivery_id in (None, each.id)]

    async def _retried(self, deliveries: list[Delivery], now: int) -> int:
        records = [
            Record(
                delivery_id=delivery.id,
                happening=Happening.RETRIED,
                at=now,
                due_at=now,
                detail="sent again",
                expires_at=now + KEEP_TRYING_MS,
            )
            for delivery in deliveries
        ]
        moves = await self._outbox.record(records)
        again = [
            replace(d, state=State.QUEUED, due_at=now) for d, move in zip(deliveries, moves, strict=True) if move.moved
        ]
        await self._queue.publish(again)
        return len(again)

    async def _all_in(self, endpoint: Endpoint, state: State) -> list[Delivery]:
        found: list[Delivery] = []
        before: int | None = None
        while page := await self._webhooks.notices(endpoint, state=state, before_id=before, limit=PAGE_MAX):
            found += page
            before = page[-1].id
        return found

    async def _type(self, delivery: Delivery) -> str:
        message = await self._outbox.message(delivery.message_id)
        if message is None:
            return ""
        return msgspec.json.decode(message.content.body, type=_Type).type

    async def _changed(self, endpoint: Endpoint, said: Change) -> Endpoint:
        url, description = endpoint.url, endpoint.description
        if said.url:
            url = (await self._outlet.resolve(endpoint.company_id, said.url.strip(), "")).value
        if said.description is not None:
            description = said.description.strip()
            if len(description) > LONGEST_DESCRIPTION or not description.isprintable():
                raise InvalidArgument(
                    f"Description has up to {LONGEST_DESCRIPTION} printable characters.", field="Description"
                )
        return replace(
            endpoint,
            url=url,
            description=description,
            types=endpoint.types if said.types is None else _types(said.types),
            content=endpoint.content if said.content is None else said.content,
            state=said.state or endpoint.state,
            reason=_reason(endpoint, said),
        )

    def _secret(self, given: str) -> str:
        """The owner's, if it is one, else a new one. Raises InvalidArgument without repeating it."""
        if not given:
            return PREFIX + base64.b64encode(self._entropy(_NEW)).decode()
        try:
            size = len(base64.b64decode(given.removeprefix(PREFIX), validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if not given.startswith(PREFIX) or not _SHORTEST <= size <= _LONGEST:
            raise InvalidArgument(f"Secret is {PREFIX} and {_SHORTEST} to {_LONGEST} bytes in base64.", field="Secret")
        return given

    def _sealed(self, text: str, company_id: int) -> Secret:
        return Secret(sealed=self._sealer.seal(text.encode(), context=secret_context(company_id)))


class _Type(msgspec.Struct):
    type: str


def _types(given: Sequence[str]) -> tuple[str, ...]:
    """Each once, in the order of the table; all of them are the same as none. Raises InvalidArgument."""
    unknown = [each for each in given if each not in all_types()]
    if unknown:
        raise InvalidArgument(
            f"There is no event type {unknown[0][:60]!r}. Types: {', '.join(all_types())}.", field="EventTypes"
        )
    return tuple(each for each in all_types() if each in given)


def _reason(endpoint: Endpoint, said: Change) -> str:
    if said.state is EndpointState.DISABLED and endpoint.state is EndpointState.ENABLED:
        return "disabled by its owner"
    return "" if said.state is EndpointState.ENABLED else endpoint.reason
