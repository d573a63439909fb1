"""The smallest gateway: memory store that can be made unavailable, jumping clock, scripted channels; intake and dispatch are the real ones."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.config.settings import DispatchSettings, MessagingSettings, PushSettings, RetentionSettings
from heliograph.core.delivery import Acceptance, Attempt, Delivery
from heliograph.core.lifecycle import State
from heliograph.core.ports import Channel, Directory, Outbox, Queue, Sealer
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.dispatcher import Dispatcher
from heliograph.dispatch.sweeper import Sweeper
from heliograph.intake.answers import AnswerService
from heliograph.intake.inbox import InboxService
from heliograph.intake.messaging import MessagingService
from heliograph.intake.push import PushService
from heliograph.intake.receipts import Receipts
from heliograph.intake.submit import Intake
from heliograph.store.memory import MemoryStore
from heliograph.system.feed import InProcessFeed
from heliograph.system.results import InProcessResults
from heliograph.testing.clock import JumpingClock
from heliograph.testing.flaky import Flaky
from heliograph.testing.observer import Witness
from heliograph.testing.secrets import OpenSealer


class SmallGateway:
    """Everything between intake and channel, wired in memory. `store` may be shared, to play a restart."""

    def __init__(
        self,
        clock: JumpingClock,
        channels: Mapping[str, Channel],
        *,
        store: MemoryStore | None = None,
        dispatch: DispatchSettings | None = None,
        messaging: MessagingSettings | None = None,
        push: PushSettings | None = None,
        retention: RetentionSettings | None = None,
        sealer: Sealer | None = None,
        queue: Queue | None = None,
    ) -> None:
        self.clock = clock
        self.channels = channels
        self.store = store or MemoryStore(clock)
        self.flaky = Flaky(self.store.outbox)  # what makes the outbox unavailable
        self.outbox: Outbox = self.flaky
        self.queue: Queue = queue or self.store.queue
        self.flaky_directory = Flaky(self.store.directory)
        self.directory: Directory = self.flaky_directory
        self.inbox_store = self.store.inbox
        self.results, self.feed = InProcessResults(clock), InProcessFeed()
        self.witness, self.sealer = Witness(), sealer or OpenSealer()
        self.room = Room(
            outbox=self.outbox,
            directory=self.directory,
            sealer=self.sealer,
            results=self.results,
            observer=self.witness,
            clock=clock,
            jitter=lambda: 0.5,
        )
        self.dispatcher = Dispatcher(channels, self.queue, self.room, dispatch or DispatchSettings())
        self.sweeper = Sweeper(
            self.outbox, self.inbox_store, self.store.replays, self.directory, clock, retention or RetentionSettings()
        )
        self.intake = Intake(self.outbox, self.queue, self.results, clock, self.witness)
        self.messaging = MessagingService(
            self.intake, self.outbox, self.results, channels, self.sealer, messaging or MessagingSettings()
        )
        self.push = PushService(self.intake, self.directory, push or PushSettings())
        self.receipts = Receipts(self.outbox, clock)
        self.inbox = InboxService(self.inbox_store, self.feed, self.receipts, self.store.answers)
        self.answers = AnswerService(
            self.outbox, self.store.answers, clock, push or PushSettings(), observer=self.witness
        )

    async def accept(self, acceptance: Acceptance) -> None:
        """Keep it, tell the queue, and let whoever runs act on it."""
        await self.store.outbox.accept(acceptance)
        await self.queue.publish([delivery for delivery in acceptance.deliveries if delivery.state is State.QUEUED])
        await self.clock.settle()

    async def delivery(self, message_id: int = 1) -> Delivery:
        """The only delivery of this message."""
        [delivery] = await self.store.outbox.deliveries([message_id])
        return delivery

    async def attempts(self, delivery_id: int = 1) -> list[Attempt]:
        """All attempts of this delivery."""
        return await self.store.outbox.attempts([delivery_id])
