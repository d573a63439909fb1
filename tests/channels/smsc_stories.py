"""What the tests of the SMPP channel share: a channel to a fake message centre, letters, waiting for something."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from heliograph.channels.registry import build_channel
from heliograph.channels.smpp.channel import SmppChannel
from heliograph.core.delivery import Acceptance, Address, Letter, Record
from heliograph.core.lifecycle import Happening, State
from heliograph.core.outcome import Accepted, Deferred, Outcome
from heliograph.intake.reports import ProviderReports
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import a_delivery, a_letter, a_message, a_text
from heliograph.testing.clock import JumpingClock
from heliograph.testing.servers.smsc import Smsc
from heliograph.testing.tools import some_tools

TO = "+4712345678"


def letter(text: str = "Fog", *, to: str = TO, **changes: Any) -> Letter:
    """From Lighthouse."""
    content = a_text(sender="Lighthouse", to=to, body=text)
    return a_letter(address=Address(value=to), message=a_message(content=content), **changes)


@asynccontextmanager
async def bound(
    smsc: Smsc, clock: JumpingClock, store: MemoryStore | None = None, **settings: Any
) -> AsyncIterator[SmppChannel]:
    """A channel to that message centre, whose reports reach that store."""
    store = store or MemoryStore(clock)
    reports = ProviderReports(store.outbox, clock, store.parts)
    kept: dict[str, Any] = {"reports": reports, "parts": store.parts, "notes": store.notes}
    tools = some_tools(clock, **kept, **settings.pop("tools", {}))
    values = {"host": "127.0.0.1", "port": smsc.port, "system_id": "lamp", "password": "secret", "answer_timeout": 10.0}
    channel = build_channel("sms", {"kind": "smpp", **values, **settings}, tools)
    assert isinstance(channel, SmppChannel)
    try:
        yield channel
    finally:
        await channel.close()
        await tools.transport.close()


class Desk:
    """What dispatch does around the tries of delivery 1."""

    def __init__(self, store: MemoryStore, clock: JumpingClock) -> None:
        self.store = store
        self._clock = clock

    async def open(self) -> None:
        """Accept it."""
        delivery = a_delivery(channel="sms", address=TO)
        await self.store.outbox.accept(Acceptance(messages=(a_message(),), deliveries=(delivery,)))

    async def tried(self, channel: SmppChannel, text: str) -> Outcome:
        """One try, recorded."""
        now = self._clock.now()
        [claimed] = await self.store.outbox.claim([1], now=now, lease_until=now + 60_000)
        sent = await channel.send(letter(text, attempt=claimed.delivery.attempts))
        happening = {Accepted: Happening.ACCEPTED, Deferred: Happening.DEFERRED}.get(type(sent), Happening.REFUSED)
        provider_id = sent.provider_id if isinstance(sent, Accepted) else ""
        lease = claimed.delivery.lease
        await self.store.outbox.record(
            [Record(delivery_id=1, happening=happening, at=now, lease=lease, provider_id=provider_id, due_at=now)]
        )
        return sent

    async def state(self) -> State:
        """Where it stands."""
        [delivery] = await self.store.outbox.deliveries([1])
        return delivery.state
