"""What may end a delivery before it is tried, each reason a few lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from heliograph.core.lifecycle import Happening
from heliograph.core.ports import Directory, Outbox, Sealer
from heliograph.core.retry import Decision, RetryPolicy
from heliograph.dispatch.trip import Trip

CONFIG_CONTEXT = "delivery.config"  # what intake sealed it for

Check = Callable[[Trip], Awaitable[Decision | None]]

_config = msgspec.json.Decoder(dict[str, str])


class Checks:
    """The checks of one channel. None of them costs a call to the provider, and none counts as an attempt made."""

    def __init__(
        self, channel: str, policy: RetryPolicy, *, outbox: Outbox, directory: Directory, sealer: Sealer
    ) -> None:
        self._channel = channel
        self._policy = policy
        self._outbox = outbox
        self._directory = directory
        self._sealer = sealer

    def in_order(self) -> tuple[Check, ...]:
        """The list, read from the top; the first that decides ends the delivery's trip."""
        return (
            self.not_expired,
            self.not_exhausted,
            self.not_in_doubt,
            self.still_wanted,
            self.not_suppressed,
            self.config_opens,
        )

    async def not_expired(self, trip: Trip) -> Decision | None:
        """The time to live is not over."""
        if trip.delivery.expires_at > trip.started_at:
            return None
        return Decision(Happening.EXPIRED, "expired before it could be tried")

    async def not_exhausted(self, trip: Trip) -> Decision | None:
        """Claims count as attempts, so that a message which takes the process down each time comes to an end too."""
        if trip.delivery.attempts <= self._policy.attempts:
            return None
        return Decision(
            Happening.EXHAUSTED, f"gave up after {trip.delivery.attempts - 1} attempts, the last unfinished"
        )

    async def not_in_doubt(self, trip: Trip) -> Decision | None:
        """Where the far side cannot recognise a repetition: an attempt that left no record may have arrived."""
        before = trip.delivery.attempts - 1
        if self._policy.resend_in_doubt or before == 0:
            return None
        attempts = await self._outbox.attempts([trip.delivery.id])
        if any(attempt.number == before for attempt in attempts):
            return None
        return Decision(Happening.REFUSED, "in doubt, not sent again: the last attempt was interrupted")

    async def still_wanted(self, trip: Trip) -> Decision | None:
        """The recipient, where it is one of ours, has not been disabled since the message was accepted."""
        if trip.delivery.associate_id is None:
            return None
        user = await self._directory.user(trip.delivery.associate_id)
        if user is not None and user.active:
            return None
        return Decision(Happening.REFUSED, "the recipient is disabled")

    async def not_suppressed(self, trip: Trip) -> Decision | None:
        """The address has not been found dead."""
        reason = await self._directory.suppressed(self._channel, trip.delivery.address)
        return None if reason is None else Decision(Happening.REFUSED, f"the address is not used any more: {reason}")

    async def config_opens(self, trip: Trip) -> Decision | None:
        """The caller's own configuration, if any came with the message, can be read; it then travels with the trip."""
        if not trip.delivery.sealed_config:
            return None
        try:
            trip.config = _config.decode(self._sealer.open(trip.delivery.sealed_config, context=CONFIG_CONTEXT))
        except ValueError:  # the sealer's word for another key, and msgspec's for another shape
            return Decision(Happening.REFUSED, "the configuration that came with the message can no longer be opened")
        return None
