"""From drafts to durable deliveries: ids, one outbox transaction, a word to the queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from heliograph.core.delivery import Acceptance, Address, Delivery, Record
from heliograph.core.events import MessageAccepted
from heliograph.core.lifecycle import State
from heliograph.core.message import Content, Message
from heliograph.core.people import Caller
from heliograph.core.ports import Clock, Observer, Outbox, Queue, Results
from heliograph.core.replay import Replay
from heliograph.core.scripting import DueEvent

LAST_MESSAGE_ID = 2**31 - 1  # a MessagingId is an xs:int

AT_ONCE = 1000  # deliveries of a message that are made in the transaction that accepts it; the rest follows in portions


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way a draft goes: a channel and an address on it, or the reason why it can never go."""

    channel: str
    address: Address
    refused: str = ""
    sealed_config: bytes = b""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message about to be accepted."""

    content: Content
    ttl_ms: int
    ways: tuple[Way, ...]
    urgent: bool = False


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """One call's worth of drafts: the one shape that is accepted, whichever door it came through."""

    caller: Caller
    drafts: tuple[Draft, ...]
    records: tuple[Record, ...] = ()  # what it means for earlier deliveries
    events: tuple[DueEvent, ...] = ()  # the call's own `take_due()`
    replay: Callable[[Sequence[Accepted]], Replay] | None = None  # for a call that must act once


class Accepted(msgspec.Struct, frozen=True):
    """A message that is on disk, and its deliveries in the order of the draft's ways."""

    message: Message
    deliveries: tuple[Delivery, ...]


class Intake:
    """Accepts submissions."""

    def __init__(
        self, outbox: Outbox, queue: Queue, results: Results, clock: Clock, observer: Observer | None = None
    ) -> None:
        self._outbox = outbox
        self._queue = queue
        self._results = results
        self._clock = clock
        self._observer = observer

    async def submit(self, submission: Submission, *, expect_results: bool = False) -> list[Accepted]:
        """Keep everything in one transaction; returns when it is on disk. Same order as the drafts.

        With `expect_results` the first attempts can be awaited with `Results.first_attempts`.
        Raises Unavailable when the store cannot take it, Conflict when the key of the replay is taken: then nothing was
        accepted.
        """
        drafts, began = submission.drafts, self._clock.monotonic()
        message_id, delivery_id = await self._outbox.reserve(len(drafts), sum(len(d.ways) for d in drafts))
        now = self._clock.now()
        accepted = []
        for offset, draft in enumerate(drafts):
            message = Message(
                id=message_id + offset,
                company_id=submission.caller.company_id,
                sender_id=submission.caller.associate_id,
                created_at=now,
                expires_at=now + draft.ttl_ms,
                content=draft.content,
                urgent=draft.urgent,
            )
            deliveries = tuple(_delivery(delivery_id + n, message, way) for n, way in enumerate(draft.ways))
            delivery_id += len(deliveries)
            accepted.append(Accepted(message, deliveries))
        at_once = [delivery for item in accepted for delivery in item.deliveries[:AT_ONCE]]
        queued = [delivery for delivery in at_once if delivery.state is State.QUEUED]
        acceptance = Acceptance(
            messages=tuple(item.message for item in accepted),
            deliveries=tuple(at_once),
            later=tuple(delivery for item in accepted for delivery in item.deliveries[AT_ONCE:]),
            records=submission.records,
            events=submission.events,
            replay=submission.replay(accepted) if submission.replay is not None else None,
        )
        if expect_results:
            await self._accept_expecting(acceptance, [delivery.id for delivery in queued])
        else:
            await self._outbox.accept(acceptance)
        await self._queue.publish(queued)
        if self._observer is not None:
            took = self._clock.monotonic() - began
            for item in accepted:
                message = item.message
                self._observer.saw(MessageAccepted(message.id, message.company_id, len(item.deliveries), took))
        return accepted

    async def _accept_expecting(self, acceptance: Acceptance, delivery_ids: list[int]) -> None:
        self._results.expect(delivery_ids)
        try:
            await self._outbox.accept(acceptance)
        except BaseException:
            self._results.forget(delivery_ids)
            raise


def _delivery(id: int, message: Message, way: Way) -> Delivery:
    return Delivery(
        id=id,
        message_id=message.id,
        company_id=message.company_id,
        channel=way.channel,
        address=way.address.value,
        associate_id=way.address.associate_id,
        device_id=way.address.device_id,
        state=State.FAILED if way.refused else State.QUEUED,
        due_at=message.created_at,
        expires_at=message.expires_at,
        detail=way.refused,
        sealed_config=b"" if way.refused else way.sealed_config,
        updated_at=message.created_at,
    )
