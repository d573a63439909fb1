"""A store on a file, endpoints on real sockets, and the channel between them under a clock that jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from heliograph.channels.transport import GuardedTransport
from heliograph.channels.webhook.events import EventChannel
from heliograph.config.settings import EventSettings, OutboundSettings, StoreSettings
from heliograph.core.delivery import Acceptance, Address, Delivery, Letter, Record
from heliograph.core.lifecycle import Happening
from heliograph.core.outcome import Outcome
from heliograph.core.ports import Clock
from heliograph.core.webhooks import CHANNEL, Endpoint
from heliograph.intake.webhooks import Change, NewSecret, WebhookService
from heliograph.store.sqlite import SqliteStore, open_store
from heliograph.system.entropy import entropy
from heliograph.testing.builders import a_delivery, a_message
from heliograph.testing.clock import JumpingClock
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.secrets import OpenSealer
from heliograph.testing.servers.webhook import WebhookServer

LOOPBACK = OutboundSettings(allow=[ip_network("127.0.0.0/8")], timeout=20.0)


class Desk:
    """What a test holds: the service an owner uses, the channel, and a hand that carries notices."""

    def __init__(self, store: SqliteStore, transport: GuardedTransport, clock: Clock, **settings: Any) -> None:
        self.store = store
        self.clock = clock
        self.settings = EventSettings(**({"allow_http": True, "timeout": 3.0} | settings))
        sealer = OpenSealer()
        self.channel = EventChannel(self.settings, store.webhooks, sealer, transport, clock)
        self.service = WebhookService(
            store.webhooks, self.channel, store.outbox, store.queue, sealer, clock, entropy, self.settings
        )

    async def add(self, url: str, company_id: int = 1, **said: Any) -> NewSecret:
        return await self.service.add(company_id, Change(url=url, **said))

    async def accept(self, **changes: Any) -> Delivery:
        """Something that happens: a message is accepted."""
        message_id, delivery_id = await self.store.outbox.reserve(1, 1)
        message = a_message(message_id, **changes)
        delivery = a_delivery(delivery_id, message_id=message_id, company_id=message.company_id)
        await self.store.outbox.accept(Acceptance(messages=(message,), deliveries=(delivery,)))
        return delivery

    async def due(self) -> list[Delivery]:
        """The notices that are due now, made and claimed."""
        while made := await self.store.webhooks.expand():
            await self.store.queue.publish(made)
        now = self.clock.now()
        ids = await self.store.queue.due(CHANNEL, now=now, limit=100)
        claimed = await self.store.outbox.claim(ids, now=now, lease_until=now + 60_000)
        return [one.delivery for one in claimed]

    async def letter(self, delivery: Delivery) -> Letter:
        message = await self.store.outbox.message(delivery.message_id)
        assert message is not None
        address = Address(value=delivery.address)
        return Letter(message=message, delivery_id=delivery.id, address=address, attempt=max(delivery.attempts, 1))

    async def one(self) -> Letter:
        """The one notice that is due."""
        [delivery] = await self.due()
        return await self.letter(delivery)

    async def tried(self) -> Outcome:
        """One more thing happens, and its one notice is tried."""
        await self.accept()
        return await self.channel.send(await self.one())

    async def failed(self, delivery: Delivery) -> None:
        """It ends as a dead letter."""
        record = Record(delivery_id=delivery.id, happening=Happening.REFUSED, at=self.clock.now(), detail="no")
        await self.store.outbox.record([record])

    async def now(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint as it is kept at this moment."""
        found = await self.store.webhooks.endpoint(endpoint.id)
        assert found is not None
        return found


@pytest.fixture
async def transport() -> AsyncIterator[GuardedTransport]:
    transport = GuardedTransport(LOOPBACK, ScriptedResolver({}))
    yield transport
    await transport.close()


@pytest.fixture
async def desk(tmp_path: Path, clock: JumpingClock, transport: GuardedTransport) -> AsyncIterator[Desk]:
    store = await open_store(tmp_path / "heliograph.db", StoreSettings(), clock)
    yield Desk(store, transport, clock)
    await store.close()


@pytest.fixture
async def receiver(clock: JumpingClock) -> AsyncIterator[WebhookServer]:
    """An endpoint that believes everybody; tests that care verify what it got."""
    async with WebhookServer(now=lambda: clock.now() / 1000) as server:
        yield server
