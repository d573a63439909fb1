"""From drafts to durable deliveries: ids, one outbox transaction, a word to the queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from heliograph.core.delivery import Acceptance, Address, Delivery, Record
from heliograph.core.events import MessageAccepted
from heliograph.core.fallback import Planned, Standby, chained, share_ms
from heliograph.core.lifecycle import State
from heliograph.core.message import Content, Message
from heliograph.core.people import Caller
from heliograph.core.ports import Clock, Observer, Outbox, Queue, Results
from heliograph.core.replay import Replay
from heliograph.core.scripting import DueEvent
from heliograph.core.usage import Used

AT_ONCE = 1000  # deliveries of a message that are made in the transaction that accepts it; the rest follows in portions


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way a draft goes: a channel and an address on it, or the reason why it can never go."""

    channel: str
    address: Address
    refused: str = ""
    sealed_config: bytes = b""
    second: tuple[Planned, ...] = ()  # the ways that are taken, one after the other, should this one be lost


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
    usage: tuple[Used, ...] = ()  # what the call takes of quotas


class Accepted(msgspec.Struct, frozen=True):
    """A message that is on disk, and its deliveries in the order of the draft's ways."""

    message: Message
    deliveries: tuple[Delivery, ...]
    standbys: tuple[Standby, ...] = ()


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
        ways = sum(len(draft.ways) + sum(len(way.second) for way in draft.ways) for draft in drafts)
        message_id, delivery_id = await self._outbox.reserve(len(drafts), ways)
        accepted = made(submission, message_id, delivery_id, self._clock.now())
        at_once = [delivery for item in accepted for delivery in item.deliveries[:AT_ONCE]]
        queued = [delivery for delivery in at_once if delivery.state is State.QUEUED]
        acceptance = Acceptance(
            messages=tuple(item.message for item in accepted),
            deliveries=tuple(at_once),
            later=tuple(delivery for item in accepted for delivery in item.deliveries[AT_ONCE:]),
            records=submission.records,
            standbys=tuple(standby for item in accepted for standby in item.standbys),
            usage=submission.usage,
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


def made(submission: Submission, message_id: int, delivery_id: int, now: int) -> list[Accepted]:
    """What is to be kept of a submission, with ids from those on. `now` in ms since the epoch."""
    accepted = []
    for offset, draft in enumerate(submission.drafts):
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
        standbys = _standbys(delivery_id, deliveries, draft.ways, message.expires_at)
        delivery_id += len(standbys)
        accepted.append(Accepted(message, deliveries, standbys))
    return accepted


def _standbys(id: int, deliveries: Sequence[Delivery], ways: Sequence[Way], expires_at: int) -> tuple[Standby, ...]:
    """The second ways of these deliveries, with ids from that one on."""
    kept: list[Standby] = []
    for first, way in zip(deliveries, ways, strict=True):
        if way.second:
            start = id + len(kept)
            kept += chained(
                way.second,
                first=first.id,
                ids=range(start, start + len(way.second)),
                message_id=first.message_id,
                company_id=first.company_id,
                associate_id=first.associate_id,
                expires_at=expires_at,
            )
    return tuple(kept)


def _expires_at(message: Message, way: Way) -> int:
    """The message's own end, or that of the share of it which this way has before the next is taken."""
    share = share_ms(way.second[0]) if way.second else 0
    return min(message.expires_at, message.created_at + share) if share else message.expires_at


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
        expires_at=_expires_at(message, way),
        detail=way.refused,
        sealed_config=b"" if way.refused else way.sealed_config,
        updated_at=message.created_at,
    )
