"""Posts the message, signed, to the recipient's URL; the smallest channel with a provider, and the one to copy."""

from __future__ import annotations

from collections.abc import Callable

from heliograph.channels.plugin import Plugin, Tools, no_answer_link
from heliograph.channels.targets import read_target
from heliograph.channels.webhook.answers import Meaning, meaning, outcome
from heliograph.channels.webhook.payload import greeting, payload
from heliograph.channels.webhook.settings import WebhookSettings
from heliograph.channels.webhook.signature import key, signed
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.outcome import Deferred, Outcome, Refused
from heliograph.core.ports import AddressRefused, Check, Clock, ConnectFailed, Reply, ReplyLost, Traits, Transport
from heliograph.core.retry import RetryPolicy

_MINUTE, _HOUR = 60.0, 3600.0
_LONGEST_NAME = 1000  # characters of a To that is not a URL
_SPARE = 5.0  # seconds in which a request that ran out of time says so itself

#: The waits after each attempt that Standard Webhooks recommends: ten attempts over three days.
SCHEDULE = (
    5.0, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR,
)  # fmt: skip


class WebhookChannel:
    """One try is one POST."""

    def __init__(
        self,
        settings: WebhookSettings,
        transport: Transport,
        clock: Clock,
        answer_link: Callable[[Letter], str] = no_answer_link,
    ) -> None:
        self._settings = settings
        self._answer_link = answer_link
        self._keys = [key(secret.get_secret_value()) for secret in settings.secrets]
        self._transport = transport
        self._clock = clock
        self._traits = Traits(
            formats=("text/plain", "text/html", "application/json"),
            concurrency=settings.concurrency,
            timeout=settings.timeout + _SPARE,
            # An endpoint knows a message it has had by its webhook-id, so an answer that was lost is asked for again.
            retry=RetryPolicy(attempts=len(SCHEDULE) + 1, schedule=SCHEDULE, resend_in_doubt=True),
        )

    @property
    def traits(self) -> Traits:
        """Any text format; it travels as it is."""
        return self._traits

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """The URL in To, or with a configured `url` any printable text. Raises InvalidArgument.

        Whether the host may be reached is asked at each attempt, because names change where they point.
        """
        if self._settings.url:
            if not to.strip() or not to.isprintable() or len(to) > _LONGEST_NAME:
                raise InvalidArgument("To must be printable text of 1 to 1,000 characters.", field="To")
            return Address(value=to)
        try:
            return Address(value=read_target(to).url)
        except AddressRefused as refusal:
            raise InvalidArgument(f"To must be a URL: {refusal}.", field="To") from None

    async def send(self, letter: Letter) -> Outcome:
        """One signed POST."""
        url = self._settings.url or letter.address.value
        # Stable per delivery; the time keeps ids apart from those of an earlier, lost database.
        id = f"msg_{letter.message.created_at:x}_{letter.delivery_id}"
        try:
            reply = await self._post(url, id, payload(letter, self._answer_link(letter)))
        except AddressRefused as refusal:
            return Refused(str(refusal))
        except ConnectFailed as failure:
            return Deferred(str(failure))
        except ReplyLost as failure:
            return Deferred(str(failure), in_doubt=True)
        return outcome(reply, now=self._clock.now(), shared=bool(self._settings.url))

    async def check(self) -> Check:
        """With a configured `url`: posts an event of type gateway.check to it."""
        if not self._settings.url:
            return Check(True, "Signing is set up; each message names the URL it goes to.")
        now = self._clock.now()
        try:
            reply = await self._post(self._settings.url, f"check_{now:x}", greeting(now))
        except (AddressRefused, ConnectFailed, ReplyLost) as failure:
            return Check(False, f"The endpoint cannot be reached: {failure}.")
        if meaning(reply.status) is Meaning.TAKEN:
            return Check(True, f"The endpoint answered {reply.status}.")
        return Check(False, f"The endpoint answered {reply.status}; it should take gateway.check events with 2xx.")

    async def close(self) -> None:
        """Nothing to let go of: the connections are the transport's."""

    async def _post(self, url: str, id: str, body: bytes) -> Reply:
        headers = {"content-type": "application/json"}
        headers |= signed(body, id=id, seconds=self._clock.now() // 1000, keys=self._keys)
        return await self._transport.request("POST", url, headers=headers, body=body, timeout=self._settings.timeout)


def _build(name: str, settings: WebhookSettings, tools: Tools) -> WebhookChannel:
    return WebhookChannel(settings, tools.transport, tools.clock, tools.answer_link)


PLUGIN = Plugin(
    kind="webhook",
    description="Posts messages as JSON to a URL, signed by the Standard Webhooks scheme.",
    settings=WebhookSettings,
    build=_build,
)
