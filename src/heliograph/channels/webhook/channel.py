"""Posts the message, signed, to the recipient's URL; the smallest channel with a provider, and the one to copy."""

from __future__ import annotations

from collections.abc import Callable

from heliograph.channels.plugin import Plugin, Tools, no_answer_link
from heliograph.channels.previews import previewed
from heliograph.channels.targets import read_target
from heliograph.channels.webhook.answers import Meaning, meaning
from heliograph.channels.webhook.payload import greeting, payload
from heliograph.channels.webhook.post import Poster, traits
from heliograph.channels.webhook.settings import WebhookSettings
from heliograph.channels.webhook.signature import key
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.outcome import Outcome
from heliograph.core.ports import AddressRefused, Check, Clock, ConnectFailed, ReplyLost, Traits, Transport
from heliograph.core.preview import Preview

_LONGEST_NAME = 1000  # characters of a To that is not a URL


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
        self._poster = Poster(transport, clock, settings.timeout)
        self._clock = clock
        self._traits = traits(settings.timeout, settings.concurrency, ("text/plain", "text/html", "application/json"))

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
        body = payload(letter, self._answer_link(letter))
        shared = bool(self._settings.url)
        return (await self._poster.attempt(url, id, body, self._keys, shared=shared)).outcome

    def preview(self, letter: Letter) -> Preview:
        """The body's size."""
        return previewed(lambda: payload(letter, self._answer_link(letter)))

    async def check(self) -> Check:
        """With a configured `url`: posts an event of type gateway.check to it."""
        if not self._settings.url:
            return Check(True, "Signing is set up; each message names the URL it goes to.")
        now = self._clock.now()
        try:
            reply = await self._poster.post(self._settings.url, f"check_{now:x}", greeting(now), self._keys)
        except (AddressRefused, ConnectFailed, ReplyLost) as failure:
            return Check(False, f"The endpoint cannot be reached: {failure}.")
        if meaning(reply.status) is Meaning.TAKEN:
            return Check(True, f"The endpoint answered {reply.status}.")
        return Check(False, f"The endpoint answered {reply.status}; it should take gateway.check events with 2xx.")

    async def close(self) -> None:
        """Nothing to let go of: the connections are the transport's."""


def _build(name: str, settings: WebhookSettings, tools: Tools) -> WebhookChannel:
    return WebhookChannel(settings, tools.transport, tools.clock, tools.answer_link)


PLUGIN = Plugin(
    kind="webhook",
    description="Posts messages as JSON to a URL, signed by the Standard Webhooks scheme.",
    settings=WebhookSettings,
    build=_build,
)
