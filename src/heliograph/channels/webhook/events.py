"""Posts notices of events to the endpoints of companies, and looks after endpoints that fail.

The same signing, posting and schedule as the channel beside it. What differs: the address names an endpoint, whose URL
and secrets are looked up at each try, so that a change, a rotation or a removal counts at once.
"""

from __future__ import annotations

import structlog

from heliograph.channels.targets import read_target
from heliograph.channels.webhook.answers import Meaning, meaning
from heliograph.channels.webhook.payload import greeting
from heliograph.channels.webhook.post import Poster, Tried, traits
from heliograph.channels.webhook.signature import key
from heliograph.config.settings import EventSettings
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument, Unavailable
from heliograph.core.message import Text
from heliograph.core.moments import DAY_MS
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.ports import AddressRefused, Check, Clock, Sealer, Traits, Transport
from heliograph.core.webhooks import (
    ANSWER_KEPT,
    Endpoint,
    EndpointState,
    Trouble,
    TryOut,
    Webhooks,
    active_secrets,
    endpoint_id,
    secret_context,
)

_TELL_AGAIN_MS = 60_000  # a failure like the last one is noted once a minute
_REMOVED, _DISABLED = Refused("the endpoint was removed"), Refused("the endpoint is disabled")
_UNSIGNED = "the endpoint has no secret that can be opened: rotate it"

log = structlog.get_logger(__name__)


class EventChannel:
    """One try is one POST to one endpoint."""

    def __init__(
        self, settings: EventSettings, webhooks: Webhooks, sealer: Sealer, transport: Transport, clock: Clock
    ) -> None:
        self._webhooks = webhooks
        self._sealer = sealer
        self._clock = clock
        self._poster = Poster(transport, clock, settings.timeout)
        self._allow_http = settings.allow_http
        self._disable_after_ms = int(settings.disable_after_days * DAY_MS)
        self._traits = traits(settings.timeout, settings.concurrency)

    @property
    def traits(self) -> Traits:
        """No formats: nobody sends messages by this channel."""
        return self._traits

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """The URL of an endpoint to be, in its one form. Raises InvalidArgument.

        Whether the host may be reached is asked at each try, because names change where they point.
        """
        try:
            target = read_target(to)
        except AddressRefused as refusal:
            raise InvalidArgument(f"Url cannot be used: {refusal}.", field="Url") from None
        if target.scheme != "https" and not self._allow_http:
            raise InvalidArgument("Url must begin with https:// (webhooks.allow_http allows http).", field="Url")
        return Address(value=target.url)

    async def send(self, letter: Letter) -> Outcome:
        """One signed POST of what was written down."""
        content = letter.message.content
        try:
            endpoint = await self._webhooks.endpoint(endpoint_id(letter.address.value))
        except Unavailable as trouble:
            return Deferred(trouble.detail)
        if endpoint is None or endpoint.company_id != letter.message.company_id or not isinstance(content, Text):
            return _REMOVED
        if endpoint.state is EndpointState.DISABLED:
            return _DISABLED
        # The same for every try and every endpoint; the time keeps ids apart from those of an earlier, lost database.
        id = f"evt_{letter.message.created_at:x}_{letter.message.id}"
        tried = await self._post(endpoint, id, content.body.encode())
        try:
            return await self._judged(endpoint, tried)
        except Unavailable as trouble:  # what came of the try counts; how the endpoint fares is told by the next one
            log.warning("An endpoint's state could not be noted.", action="webhook_unnoted", reason=trouble.detail)
            return _final(tried.outcome)

    async def try_out(self, endpoint: Endpoint) -> TryOut:
        """Post an event of type gateway.check now, whatever the endpoint's state; changes nothing."""
        now = self._clock.now()
        tried = await self._post(endpoint, f"check_{now:x}_{endpoint.id}", greeting(now))
        reply = tried.reply
        return TryOut(
            ok=reply is not None and meaning(reply.status) is Meaning.TAKEN,
            status=0 if reply is None else reply.status,
            words=tried.outcome.detail,
            answer=_excerpt(tried),
        )

    async def check(self) -> Check:
        """Whether any endpoint is in trouble."""
        endpoints = await self._webhooks.endpoints(None)
        failing = sum(1 for each in endpoints if each.trouble.since or each.reason)
        return Check(not failing, f"{len(endpoints)} endpoints, {failing} of them failing or disabled.")

    async def close(self) -> None:
        """Nothing to let go of: the connections are the transport's."""

    async def _post(self, endpoint: Endpoint, id: str, body: bytes) -> Tried:
        context = secret_context(endpoint.company_id)
        try:
            keys = [
                key(self._sealer.open(secret.sealed, context=context).decode())
                for secret in active_secrets(endpoint, self._clock.now())
            ]
        except ValueError:
            keys = []
        if not keys:
            return Tried(Deferred(_UNSIGNED))
        return await self._poster.attempt(endpoint.url, id, body, keys, shared=False)

    async def _judged(self, endpoint: Endpoint, tried: Tried) -> Outcome:
        now, was, outcome = self._clock.now(), endpoint.trouble, tried.outcome
        if type(outcome) is Accepted:
            if was.since:
                await self._webhooks.heard(endpoint.id, Trouble())
            return outcome
        since = was.since or now
        is_new = not was.since or was.words != outcome.detail or now - was.at >= _TELL_AGAIN_MS
        if is_new:
            trouble = Trouble(since=since, at=now, words=outcome.detail, answer=_excerpt(tried))
            await self._webhooks.heard(endpoint.id, trouble)
        if type(outcome) is Gone:
            await self._disable(endpoint, "it answered 410 Gone", now)
        elif now - since >= self._disable_after_ms:
            days = (now - since) / DAY_MS
            await self._disable(endpoint, f"nothing sent to it has succeeded for {days:.1f} days", now)
        return _final(outcome)

    async def _disable(self, endpoint: Endpoint, reason: str, now: int) -> None:
        if await self._webhooks.disable(endpoint.id, reason=reason, now=now):
            log.warning(
                "An endpoint of event notifications was disabled.",
                action="webhook_disabled",
                endpoint_id=endpoint.id,
                company_id=endpoint.company_id,
                reason=reason,
            )


def _final(outcome: Outcome) -> Outcome:
    """410 ends this endpoint's notices; its address is not suppressed, for the owner may enable it again."""
    return Refused(f"{outcome.detail}: it is disabled") if type(outcome) is Gone else outcome


def _excerpt(tried: Tried) -> str:
    return "" if tried.reply is None else tried.reply.body[:ANSWER_KEPT].decode("utf-8", "replace")
