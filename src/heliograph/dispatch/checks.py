"""What may end a delivery before it is tried, each reason a few lines. All that was claimed together is asked together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from heliograph.core.lifecycle import Happening
from heliograph.core.ports import Directory, Outbox, Sealer
from heliograph.core.retry import Decision, RetryPolicy
from heliograph.dispatch.trip import Trip

CONFIG_CONTEXT = "delivery.config"  # what intake sealed it for

Check = Callable[[Sequence[Trip]], Awaitable[None]]

_config = msgspec.json.Decoder(dict[str, str])


class Checks:
    """The checks of one channel. None of them costs a call to the provider, and none counts as an attempt made.

    Each gives a decision to the trips it ends and leaves the others alone.
    """

    def __init__(
        self, channel: str, policy: RetryPolicy, *, outbox: Outbox, directory: Directory, sealer: Sealer
    ) -> None:
        self._channel = channel
        self._policy = policy
        self._outbox = outbox
        self._directory = directory
        self._sealer = sealer
        self._in_order: tuple[Check, ...] = (
            self.not_expired,
            self.not_exhausted,
            self.not_in_doubt,
            self.still_wanted,
            self.not_suppressed,
            self.config_opens,
        )

    async def look_at(self, trips: Sequence[Trip]) -> None:
        """Go through the list from the top; the first check that decides ends a trip. Raises Unavailable."""
        for check in self._in_order:
            trips = [trip for trip in trips if trip.decision is None]
            if trips:
                await check(trips)

    async def not_expired(self, trips: Sequence[Trip]) -> None:
        """The time to live is not over."""
        for trip in trips:
            if trip.delivery.expires_at <= trip.started_at:
                trip.decision = Decision(Happening.EXPIRED, "expired before it could be tried")

    async def not_exhausted(self, trips: Sequence[Trip]) -> None:
        """Claims count as attempts, so that a message which takes the process down each time comes to an end too."""
        for trip in trips:
            if trip.delivery.attempts > self._policy.attempts:
                made = trip.delivery.attempts - 1
                words = f"gave up after {made} attempts, the last unfinished"
                trip.decision = Decision(Happening.EXHAUSTED, words)

    async def not_in_doubt(self, trips: Sequence[Trip]) -> None:
        """Where the far side cannot recognise a repetition: an attempt that left no record may have arrived."""
        if self._policy.resend_in_doubt and self._policy.recognises is None:
            return
        repeated = [trip for trip in trips if trip.delivery.attempts > 1 and not self._policy.resends(trip.message)]
        if not repeated:
            return
        attempts = await self._outbox.attempts([trip.delivery.id for trip in repeated])
        recorded = {(attempt.delivery_id, attempt.number) for attempt in attempts}
        for trip in repeated:
            if (trip.delivery.id, trip.delivery.attempts - 1) not in recorded:
                words = "in doubt, not sent again: the last attempt was interrupted"
                trip.decision = Decision(Happening.REFUSED, words)

    async def still_wanted(self, trips: Sequence[Trip]) -> None:
        """The recipient, where it is one of ours, has not been disabled since the message was accepted."""
        owners = {trip.delivery.associate_id for trip in trips if trip.delivery.associate_id is not None}
        if not owners:
            return
        gone = owners - await self._directory.active(owners)
        if gone:
            for trip in trips:
                if trip.delivery.associate_id in gone:
                    trip.decision = Decision(Happening.REFUSED, "the recipient is disabled")

    async def not_suppressed(self, trips: Sequence[Trip]) -> None:
        """The address has not been found dead."""
        dead = await self._directory.dead(self._channel, {trip.delivery.address for trip in trips})
        if dead:
            for trip in trips:
                reason = dead.get(trip.delivery.address)
                if reason is not None:
                    trip.decision = Decision(Happening.REFUSED, f"the address is not used any more: {reason}")

    async def config_opens(self, trips: Sequence[Trip]) -> None:
        """The caller's own configuration, if any came with the message, can be read; it then travels with the trip."""
        for trip in trips:
            if not trip.delivery.sealed_config:
                continue
            try:
                trip.config = _config.decode(self._sealer.open(trip.delivery.sealed_config, context=CONFIG_CONTEXT))
            except ValueError:  # the sealer's word for another key, and msgspec's for another shape
                words = "the configuration that came with the message can no longer be opened"
                trip.decision = Decision(Happening.REFUSED, words)
