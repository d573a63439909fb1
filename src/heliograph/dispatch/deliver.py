"""One delivery in named steps: what may end it before it is tried, the one try, what the try meant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from heliograph.core.delivery import Address, Attempt, Letter
from heliograph.core.errors import Unavailable
from heliograph.core.events import AttemptMade, ChannelPaused, ChannelResumed, ProviderAway
from heliograph.core.lifecycle import Happening
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.ports import Channel, Clock, Directory, Observer, Outbox, Results, Sealer
from heliograph.core.retry import Decision, decide
from heliograph.dispatch.checks import Checks
from heliograph.dispatch.endpoints import Endpoints, endpoint_of
from heliograph.dispatch.pace import Pace
from heliograph.dispatch.trip import DETAIL_LIMIT, Trip
from heliograph.dispatch.watch import Watch

ASK_AGAIN_MS = 5_000  # when the store could not answer a question that comes before the try

#: How an outcome is called in attempts, counters and logs.
WORDS: dict[type[Outcome], str] = {
    Accepted: "accepted",
    Deferred: "deferred",
    Refused: "refused",
    Gone: "gone",
}

log = structlog.get_logger(__name__)


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """The ports every lane works with."""

    outbox: Outbox
    directory: Directory
    sealer: Sealer
    results: Results
    observer: Observer
    clock: Clock
    jitter: Callable[[], float]  # random numbers in [0, 1)


class Courier:
    """Carries the claimed deliveries of one channel, from what is foreseen of them to what their one try meant."""

    def __init__(self, name: str, channel: Channel, room: Room, watch: Watch, pace: Pace, endpoints: Endpoints) -> None:
        self._name = name
        self._channel = channel
        self._policy = channel.traits.retry
        self._room = room
        self._clock = room.clock
        self._watch = watch
        self._pace = pace
        self._endpoints = endpoints
        self._checks = Checks(name, self._policy, outbox=room.outbox, directory=room.directory, sealer=room.sealer)

    async def foresee(self, trips: Sequence[Trip]) -> None:
        """Give a decision to those that need no try."""
        try:
            await self._checks.look_at(trips)
        except Unavailable as trouble:
            due_at = self._clock.now() + ASK_AGAIN_MS
            for trip in trips:
                trip.decision = trip.decision or Decision(Happening.DEFERRED, trouble.detail, due_at, refund=True)
        except Exception:
            log.exception("Deliveries failed inside the gateway.", action="delivery_bug", channel=self._name)
            for trip in trips:
                trip.decision = trip.decision or self._decided(trip, Deferred("the gateway failed"))

    async def carry(self, trip: Trip) -> None:
        """Try, and decide. Nothing escapes but a cancellation."""
        try:
            endpoint = endpoint_of(trip.delivery.address)
            if endpoint:
                outcome = await self._send_in_turn(trip, endpoint)
            else:
                outcome = await self._send(trip)
                self._judge(trip, outcome)
            if type(outcome) is Gone:
                await self._forget(trip, outcome)
        except Exception:
            log.exception("A delivery failed inside the gateway.", action="delivery_bug", delivery_id=trip.delivery.id)
            failed = Deferred("the gateway failed", in_doubt=trip.began is not None)
            trip.decision = trip.decision or self._decided(trip, failed)  # what was heard of the provider stands

    async def _send_in_turn(self, trip: Trip, endpoint: str) -> Outcome | None:
        """Where the address names an endpoint, a place there is needed first; None when there was none to be had."""
        trip.decision = await self._endpoints.enter(trip.delivery.id, endpoint)
        if trip.decision is not None:
            return None
        try:
            outcome = await self._send(trip)
            self._endpoints.heard(endpoint, outcome, trip.began or 0.0)
            self._judge(trip, outcome, endpoint)
            return outcome
        finally:
            self._endpoints.leave(trip.delivery.id, endpoint)

    async def _send(self, trip: Trip) -> Outcome:
        """The one try, within the channel's time. What the channel fails to answer is in doubt."""
        task = trip.task
        if task is None:
            raise RuntimeError("a delivery is carried in a task of its own")
        letter = _letter(trip)
        trip.began = self._watch.enter(task)
        try:
            outcome = await self._channel.send(letter)
            if type(outcome) not in WORDS:
                raise TypeError(f"a channel answers with an Outcome, not {type(outcome).__name__}")
        except asyncio.CancelledError:
            if not self._watch.ended(task):
                raise
            return Deferred(f"no answer within {self._watch.limit:g} seconds", in_doubt=True)
        except Exception as bug:
            log.exception(
                "A channel failed instead of answering.",
                action="channel_bug",
                channel=self._name,
                delivery_id=trip.delivery.id,
            )
            return Deferred(f"the channel failed ({type(bug).__name__})", in_doubt=True)
        else:
            return outcome
        finally:
            self._watch.leave(task)

    def _judge(self, trip: Trip, outcome: Outcome, endpoint: str = "") -> None:
        """Keep the attempt, tell the observer, let the lane's pace hear it, and decide. One endpoint's silence is its own."""
        began = trip.began or 0.0
        took_ms = round((self._clock.monotonic() - began) * 1000)
        word = WORDS[type(outcome)]
        trip.attempt = Attempt(
            delivery_id=trip.delivery.id,
            number=trip.delivery.attempts,
            started_at=trip.started_at,
            took_ms=took_ms,
            outcome=word,
            detail=outcome.detail[:DETAIL_LIMIT],
        )
        if type(outcome) is Accepted or type(outcome) is Deferred:
            trip.provider_id = outcome.provider_id
        saw = self._room.observer.saw
        said = "" if type(outcome) is Accepted else trip.attempt.detail
        saw(AttemptMade(trip.delivery.id, self._name, trip.delivery.attempts, word, took_ms, said))
        pace, was_paused, was_away = self._pace, self._pace.reason, self._pace.away
        silent = bool(endpoint) and type(outcome) is Deferred and outcome.in_doubt
        held = not silent and pace.heard(outcome, began)
        if held and pace.reason:
            saw(ChannelPaused(self._name, pace.reason, pace.seconds))
        elif held and pace.away and not was_away:
            saw(ProviderAway(self._name, pace.away))
        elif (was_paused or was_away) and not (pace.reason or pace.away):
            saw(ChannelResumed(self._name))
        trip.decision = self._decided(trip, outcome)

    async def _forget(self, trip: Trip, gone: Gone) -> None:
        """Suppress a dead address, unless its device registered after the provider last looked."""
        delivery, directory = trip.delivery, self._room.directory
        try:
            if gone.since is not None and delivery.device_id is not None and delivery.associate_id is not None:
                for device in await directory.devices([delivery.associate_id]):
                    if device.id == delivery.device_id and max(device.registered_at, device.last_seen) > gone.since:
                        return
            reason = gone.detail[:DETAIL_LIMIT]
            await directory.suppress(self._name, delivery.address, reason=reason, now=self._clock.now())
        except Unavailable as trouble:  # the next message to it will be told the same by the provider
            log.warning(
                "A dead address could not be noted.",
                action="suppress_failed",
                channel=self._name,
                delivery_id=delivery.id,
                reason=trouble.detail,
            )

    def _decided(self, trip: Trip, outcome: Outcome) -> Decision:
        delivery = trip.delivery
        return decide(
            self._policy,
            outcome,
            attempt=delivery.attempts,
            now=self._clock.now(),
            expires_at=delivery.expires_at,
            jitter=self._room.jitter(),
            message=trip.message,
        )


def _letter(trip: Trip) -> Letter:
    delivery, message = trip.delivery, trip.message
    if message.expires_at != delivery.expires_at:  # an operator gave it a new time to live
        message = msgspec.structs.replace(message, expires_at=delivery.expires_at)
    return Letter(
        message=message,
        delivery_id=delivery.id,
        address=Address(value=delivery.address, associate_id=delivery.associate_id, device_id=delivery.device_id),
        attempt=delivery.attempts,
        config=trip.config,
    )
