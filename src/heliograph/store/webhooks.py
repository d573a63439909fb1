"""Endpoints, events and notices on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec
from msgspec.structs import replace

from heliograph.core.delivery import Delivery
from heliograph.core.errors import NotFound
from heliograph.core.lifecycle import State
from heliograph.core.ports import Clock
from heliograph.core.webhooks import Endpoint, Occurrence, Trouble, notices, repeated
from heliograph.store import rows
from heliograph.store.jobs import Batch
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.sequence import LAST_DELIVERY_ID
from heliograph.store.telling import keep_in_step
from heliograph.store.writer import Writer

AT_ONCE = 100  # events made notices in one transaction, so that nobody waits long for the writer
LAST_NOTICE = 2**53 - 1  # every JSON reader holds it exactly

_endpoint = msgspec.json.Decoder(Endpoint).decode
_endpoints = msgspec.json.Decoder(list[Endpoint]).decode
_occurrences = msgspec.json.Decoder(list[Occurrence]).decode


class SqliteWebhooks:
    """Port `Webhooks`."""

    def __init__(self, writer: Writer, reader: Reader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def endpoint(self, id: int) -> Endpoint | None:
        """One endpoint, as it is at this moment."""
        return self._reader.one(_endpoint, "webhook_endpoint", id)

    async def endpoints(self, company_id: int | None) -> list[Endpoint]:
        """In order of id."""
        return self._reader.one(_endpoints, "webhook_endpoints", company_id) or []

    async def add_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with its id."""
        return replace(endpoint, id=await self._change("add_webhook_endpoint", rows.text(endpoint)))

    async def update_endpoint(self, endpoint: Endpoint) -> None:
        """Raises NotFound."""
        if await self._change("update_webhook_endpoint", rows.text(endpoint)) is None:
            raise NotFound(f"There is no endpoint {endpoint.id}.")

    async def remove_endpoint(self, id: int) -> bool:
        """False when there is none."""
        return await self._change("remove_webhook_endpoint", id) is not None

    async def heard(self, id: int, trouble: Trouble) -> None:
        """How it stands with it."""
        noun = rows.text(trouble)
        await self._writer.run(lambda connection: connection.execute(SQL["heard_of_webhook"], (id, noun)).get)

    async def disable(self, id: int, *, reason: str, now: int) -> bool:
        """Whether it was enabled; then the others of its company are told."""

        def work(connection: apsw.Connection) -> bool:
            if connection.execute(SQL["disable_webhook"], (id, reason)).get is None:
                return False
            keep_in_step(connection)
            connection.execute(SQL["tell_disabled"], (id, now))
            return True

        return await self._writer.run(work)

    async def expand(self) -> list[Delivery]:
        """Make notices of the oldest events; their deliveries."""
        made: list[Delivery] = []
        while not made and self._reader.value("webhook_due") is not None:
            made = await self._writer.run(self._expand)
        return made

    async def repeat(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """New deliveries of the same notices; their ids are above those of all notices made before."""
        now, old = self._clock.now(), sorted(deliveries, key=lambda delivery: delivery.id)

        def work(connection: apsw.Connection) -> list[Delivery]:
            first = _taken(connection, "delivery", len(old))
            again = [repeated(delivery, id, now) for id, delivery in enumerate(old, start=first)]
            batch = Batch()
            batch.deliveries = [rows.text(delivery) for delivery in again]
            batch.apply(connection)
            return again

        return await self._writer.run(work)

    async def notices(
        self, endpoint: Endpoint, *, state: State | None, before_id: int | None, limit: int
    ) -> list[Delivery]:
        """Newest first."""
        before = LAST_DELIVERY_ID + 1 if before_id is None else before_id
        return await self._reader.many(rows.deliveries, "notices", endpoint.address, state, before, limit)

    def _expand(self, connection: apsw.Connection) -> list[Delivery]:
        """Events go and notices come in one transaction, so that each is made once."""
        now = self._clock.now()
        events = _occurrences(connection.execute(SQL["occurrences"], (AT_ONCE,)).get)
        message_id = _taken(connection, "notice", sum(len({each.content for each in e.listeners}) for e in events))
        delivery_id = _taken(connection, "delivery", sum(len(e.listeners) for e in events))
        batch, made = Batch(), []
        for event in events:
            for message, deliveries in notices(event, message_id, delivery_id, now):
                batch.messages.append(rows.text(message))
                batch.deliveries += [rows.text(delivery) for delivery in deliveries]
                message_id, delivery_id = message_id + 1, delivery_id + len(deliveries)
                made += deliveries
        if made:
            batch.apply(connection)
        connection.execute(SQL["forget_occurrences"], (rows.array(event.id for event in events),))
        return made

    async def _change(self, name: str, argument: str | int) -> int | None:
        """Run one statement on endpoints; the id it returns."""

        def work(connection: apsw.Connection) -> int | None:
            id: int | None = connection.execute(SQL[name], (argument,)).get
            keep_in_step(connection)
            return id

        return await self._writer.run(work)


def _taken(connection: apsw.Connection, sequence: str, count: int) -> int:
    """The first of that many ids."""
    last = LAST_NOTICE if sequence == "notice" else LAST_DELIVERY_ID
    return int(connection.execute(SQL["reserve"], (sequence, count, last)).get) - count
