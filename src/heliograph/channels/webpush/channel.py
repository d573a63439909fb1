"""Sends notifications to browsers: encrypted for the one browser, signed by our key, one POST per try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from heliograph.channels.fitting import TooLong
from heliograph.channels.memo import Memo
from heliograph.channels.notice import Notice, read
from heliograph.channels.plugin import Plugin, Tools
from heliograph.channels.previews import previewed
from heliograph.channels.trouble import behind, not_now, unreachable
from heliograph.channels.waits import retry_after
from heliograph.channels.webpush.answers import Meaning, meaning
from heliograph.channels.webpush.encryption import encrypted
from heliograph.channels.webpush.fields import headers, payload, ttl
from heliograph.channels.webpush.settings import WebPushSettings, served
from heliograph.channels.webpush.vapid import Vapid, read_private_key
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.ports import AddressRefused, Check, Clock, ConnectFailed, Reply, ReplyLost, Traits, Transport
from heliograph.core.preview import Preview
from heliograph.core.retry import RetryPolicy
from heliograph.core.subscription import Subscription, from_address

_SPARE = 5.0  # seconds in which a request that ran out of time says so itself
_LATELY = 3600.0  # seconds in which a service that took something is believed to know our key
_MOST = 256  # services remembered
MOST_UNMAPPED = 5  # attempts that may end with an answer nobody has documented


class WebPushChannel:
    """One try is one POST to the subscription's endpoint."""

    def __init__(
        self,
        settings: WebPushSettings,
        transport: Transport,
        clock: Clock,
        entropy: Callable[[int], bytes],
        answer_link: Callable[[Letter], str],
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._entropy = entropy
        self._answer_link = answer_link
        self._vapid = Vapid(read_private_key(settings.private_key.get_secret_value()), settings.subject, clock)
        self._notices = Memo(read)
        self._taken: dict[str, float] = {}  # by origin: monotonic seconds when it last took something
        self._traits = Traits(
            formats=("text/plain",),
            concurrency=settings.concurrency,
            timeout=settings.timeout + _SPARE,
            # A message takes the place of one with the same Topic, and every message has one.
            retry=RetryPolicy(attempts=12, resend_in_doubt=True),
        )

    @property
    def traits(self) -> Traits:
        """Plain text; the usual waits, and the push service's own where it names one."""
        return self._traits

    @property
    def application_server_key(self) -> str:
        """What browsers subscribe with (port `TakesSubscriptions`)."""
        return self._vapid.public

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """A subscription as one address: endpoint, #, p256dh, dot, auth. Raises InvalidArgument, repeating none of it."""
        try:
            return Address(value=self._subscription(to).address)
        except ValueError as error:
            raise InvalidArgument(f"To must be a browser's subscription: {error}.", field="To") from None

    async def send(self, letter: Letter) -> Outcome:
        """One encrypted, signed POST."""
        try:
            to = self._subscription(letter.address.value)
            notice = self._notices.of(letter.message)
            body = encrypted(payload(notice, self._answer_link(letter)), to, self._entropy)
        except (ValueError, TooLong) as refusal:
            return Refused(str(refusal) or "the subscription's public key is not a point of the curve")
        began = self._clock.now()
        try:
            reply = await self._post(to, notice, body, began)
        except (AddressRefused, ConnectFailed, ReplyLost) as failure:
            # The endpoint is the browser's choice: what is wrong with it is no fault of our set-up.
            return Refused(str(failure)) if isinstance(failure, AddressRefused) else not_now(failure)
        return self._outcome(reply, to, began, letter.attempt, asked=int(ttl(notice, began)))

    def preview(self, letter: Letter) -> Preview:
        """The size of what is encrypted; padding comes on top of it."""
        try:
            self._subscription(letter.address.value)
        except ValueError as refusal:
            return Preview(refused=str(refusal))
        return previewed(lambda: payload(read(letter.message), self._answer_link(letter)))

    async def check(self) -> Check:
        """Whether the services that are named by host can be reached, and our clock agrees with theirs.

        The key was read when the channel was made; whether a service takes it shows with the first message, because
        only a subscription can be asked.
        """
        hosts = [name for name in self._settings.services if not name.startswith("*.")]
        for trouble in await asyncio.gather(*map(self._look_at, hosts)):
            if trouble is not None:
                return trouble
        reached = f" and {' and '.join(hosts)} can be reached" if hosts else ""
        said = f"The key is usable{reached}; browsers subscribe with the applicationServerKey {self._vapid.public}."
        return Check(True, said)

    async def _look_at(self, host: str) -> Check | None:
        """Ask for a subscription that is nobody's; None when all is well."""
        url = f"https://{host}/heliograph-check"
        headers = {"ttl": "0", "authorization": self._vapid.header(f"https://{host}")}
        try:
            reply = await self._transport.request("POST", url, headers=headers, timeout=self._settings.timeout)
        except (AddressRefused, ConnectFailed, ReplyLost) as failure:
            return unreachable(host, failure)
        skew = behind(reply, self._clock.now())
        if skew:
            return Check(False, f"{host} can be reached, but {skew}.")
        if reply.status == 401:
            return Check(False, f"{host} answered 401: it does not accept our key; check `private_key` and `subject`.")
        if reply.status >= 500:
            return Check(False, f"{host} answered {reply.status}: it has a fault of its own; try again later.")
        return None

    async def close(self) -> None:
        """Nothing to let go of: the connections are the transport's."""

    def _subscription(self, address: str) -> Subscription:
        """Raises ValueError, also for a push service that is not on the list."""
        found = from_address(address)
        if not served(found.origin.removeprefix("https://"), self._settings.services):
            raise ValueError("its push service is not one of the configured services")
        return found

    async def _post(self, to: Subscription, notice: Notice, body: bytes, now: int) -> Reply:
        sent = {
            **headers(notice),
            "ttl": ttl(notice, now),
            "content-type": "application/octet-stream",
            "content-encoding": "aes128gcm",
            "authorization": self._vapid.header(to.origin),
        }
        return await self._transport.request(
            "POST", to.endpoint, headers=sent, body=body, timeout=self._settings.timeout
        )

    def _outcome(self, reply: Reply, to: Subscription, began: int, attempt: int, asked: int) -> Outcome:
        """`asked` is the time to live that was asked for, in seconds."""
        said = f"the push service answered {reply.status}"
        means = meaning(reply.status)
        if means is Meaning.TAKEN:
            self._remember(to.origin)
            return Accepted(detail=f"{said}{_kept(reply, asked)}")
        if means is Meaning.DEAD or (means is Meaning.OTHER_KEY and self._knows_us(to.origin)):
            return Gone(said, since=began)
        if means in (Meaning.OURS, Meaning.OTHER_KEY):
            return Deferred(said, pause=f"{said}: it does not accept our key, or this machine's clock is wrong")
        if means is Meaning.NEVER:
            return Refused(said)
        if means is Meaning.MOVED:
            return Refused(f"{said}: it names another place, and that is never followed")
        if means is Meaning.UNKNOWN and attempt >= MOST_UNMAPPED:
            return Refused(f"{said}, which is not documented")
        wish = retry_after(reply.headers.get("retry-after", ""), now=self._clock.now())
        return Deferred(said, retry_after=wish, charged=means is not Meaning.BUSY)

    def _remember(self, origin: str) -> None:
        self._taken.pop(origin, None)
        if len(self._taken) >= _MOST:
            self._taken.pop(next(iter(self._taken)))
        self._taken[origin] = self._clock.monotonic()

    def _knows_us(self, origin: str) -> bool:
        return self._clock.monotonic() - self._taken.get(origin, float("-inf")) < _LATELY


def _kept(reply: Reply, asked: int) -> str:
    """What is to be said when the service keeps the message for less than it was asked to (RFC 8030, 5.2)."""
    text = reply.headers.get("ttl", "")
    if text.isascii() and text.isdigit() and len(text) <= 9 and int(text) < asked:
        return f" and keeps it for {int(text):,} seconds instead of {asked:,}"
    return ""


def _build(name: str, settings: WebPushSettings, tools: Tools) -> WebPushChannel:
    return WebPushChannel(settings, tools.transport, tools.clock, tools.entropy, tools.answer_link)


PLUGIN = Plugin(
    kind="webpush",
    description="Sends notifications to browsers by Web Push, encrypted and signed with VAPID.",
    settings=WebPushSettings,
    build=_build,
)
