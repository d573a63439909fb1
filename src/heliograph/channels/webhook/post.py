"""One signed POST, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from heliograph.channels.trouble import not_now
from heliograph.channels.webhook.answers import outcome
from heliograph.channels.webhook.signature import signed
from heliograph.core.outcome import Outcome, Refused
from heliograph.core.ports import AddressRefused, Clock, ConnectFailed, Reply, ReplyLost, Traits, Transport
from heliograph.core.retry import RetryPolicy

_MINUTE, _HOUR = 60.0, 3600.0
_SPARE = 5.0  # seconds in which a request that ran out of time says so itself

#: The waits after each attempt that Standard Webhooks recommends: ten attempts over three days.
SCHEDULE = (
    5.0, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR,
)  # fmt: skip


class Tried(msgspec.Struct, frozen=True):
    """What an attempt means, and the answer where one came."""

    outcome: Outcome
    reply: Reply | None = None


class Poster:
    """Posts JSON with the three headers of Standard Webhooks."""

    def __init__(self, transport: Transport, clock: Clock, timeout: float) -> None:
        self._transport = transport
        self._clock = clock
        self._timeout = timeout

    async def post(self, url: str, id: str, body: bytes, keys: Sequence[bytes]) -> Reply:
        """Raises AddressRefused, ConnectFailed, ReplyLost."""
        headers = {"content-type": "application/json"}
        headers |= signed(body, id=id, seconds=self._clock.now() // 1000, keys=keys)
        return await self._transport.request("POST", url, headers=headers, body=body, timeout=self._timeout)

    async def attempt(self, url: str, id: str, body: bytes, keys: Sequence[bytes], *, shared: bool) -> Tried:
        """One try. `shared`: one endpoint for all messages of a channel, so that it speaks for the whole channel."""
        try:
            reply = await self.post(url, id, body, keys)
        except AddressRefused as refusal:
            return Tried(Refused(str(refusal)))
        except (ConnectFailed, ReplyLost) as failure:
            return Tried(not_now(failure))
        return Tried(outcome(reply, now=self._clock.now(), shared=shared), reply)


def traits(timeout: float, concurrency: int, formats: tuple[str, ...] = ()) -> Traits:
    """What dispatch needs to know of a channel that posts webhooks; `timeout` in seconds."""
    return Traits(
        formats=formats,
        concurrency=concurrency,
        timeout=timeout + _SPARE,
        # An endpoint knows a message it has had by its webhook-id, so an answer that was lost is asked for again.
        retry=RetryPolicy(attempts=len(SCHEDULE) + 1, schedule=SCHEDULE, resend_in_doubt=True),
    )
