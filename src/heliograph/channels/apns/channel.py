"""Sends notifications to Apple devices: one HTTP/2 request per try, proven by a signed token or a certificate."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from cryptography.hazmat.primitives.asymmetric import ec

from heliograph.channels.apns.answers import Meaning, find
from heliograph.channels.apns.certificate import ended_before, read_identity
from heliograph.channels.apns.fields import headers, payload
from heliograph.channels.apns.provider_token import ProviderToken
from heliograph.channels.apns.settings import ApnsSettings
from heliograph.channels.apns.verdicts import Verdicts, reason_of
from heliograph.channels.files import read_text
from heliograph.channels.fitting import TooLong
from heliograph.channels.jose import read_key
from heliograph.channels.memo import Memo
from heliograph.channels.notice import is_question, read, with_answer
from heliograph.channels.plugin import Plugin, Tools, no_answer_link
from heliograph.channels.previews import previewed
from heliograph.channels.trouble import failed, unreachable
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.message import Message
from heliograph.core.outcome import Outcome, Refused
from heliograph.core.ports import (
    AddressRefused,
    Check,
    Clock,
    ConnectFailed,
    Identity,
    Reply,
    ReplyLost,
    Traits,
    Transport,
)
from heliograph.core.preview import Preview
from heliograph.core.retry import RetryPolicy

_TOKEN = re.compile(r"[0-9A-Fa-f]{64,200}", re.ASCII)
_NOBODYS_TOKEN = "0" * 64
_SPARE = 5.0  # seconds in which a request that ran out of time says so itself

Prepared = tuple[bytes, dict[str, str], str]  # the payload, the headers that all deliveries share, how their ids begin


class ApnsChannel:
    """One try is one POST to /3/device/TOKEN."""

    def __init__(
        self,
        settings: ApnsSettings,
        transport: Transport,
        clock: Clock,
        *,
        token: ProviderToken | None = None,
        identity: Identity | None = None,
        answer_link: Callable[[Letter], str] = no_answer_link,
    ) -> None:
        """`token` or `identity` proves who we are."""
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._token = token
        self._identity = identity
        self._answer_link = answer_link
        self._verdicts = Verdicts(clock, token, lambda: transport.leave(settings.origin, identity=identity))
        self._device, self._timeout = f"{settings.origin}/3/device/", settings.timeout
        self._prepared = Memo(self._prepare)
        self._traits = Traits(
            formats=("text/plain",),
            concurrency=settings.concurrency,
            timeout=settings.timeout + _SPARE,
            # The device shows one of two with the same apns-collapse-id, and every notification has one.
            retry=RetryPolicy(attempts=60, resend_in_doubt=True),  # for about a day, unless it expires before
        )

    @property
    def traits(self) -> Traits:
        """Plain text; the usual waits, and Apple's own where it names one."""
        return self._traits

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """A device token in hexadecimal digits. Raises InvalidArgument."""
        if not _is_token(to):
            raise InvalidArgument("To must be a device token: 64 to 200 hexadecimal digits.", field="To")
        return Address(value=to.lower())

    async def send(self, letter: Letter) -> Outcome:
        """One request, with the same apns-id and apns-collapse-id for every attempt."""
        token = letter.address.value
        if not _is_token(token):
            return Refused("not an APNs device token, which is 64 to 200 hexadecimal digits")
        try:
            body, shared, time = self._made_for(letter)
        except TooLong as refusal:
            return Refused(str(refusal))
        try:
            proof = self._token.header() if self._token is not None else ""
            reply = await self._post(token, shared, body, _uuid(time, letter.delivery_id), proof)
        except (AddressRefused, ConnectFailed, ReplyLost) as failure:
            return failed(failure)
        return self._verdicts.outcome(reply, proof=proof, attempt=letter.attempt)

    def preview(self, letter: Letter) -> Preview:
        """The payload's size."""
        if not _is_token(letter.address.value):
            return Preview(refused="not an APNs device token, which is 64 to 200 hexadecimal digits")
        return previewed(lambda: self._prepare(letter.message, self._answer_link(letter))[0])

    async def check(self) -> Check:
        """Send to a token that nobody has: Apple looks at key, topic and environment before it looks at the token."""
        ended = ended_before(self._identity, self._clock.now()) if self._identity is not None else ""
        if ended:
            return Check(False, ended)
        shared = {"apns-topic": self._settings.topic, "apns-push-type": "background", "apns-priority": "5"}
        body = b'{"aps":{"content-available":1}}'
        try:
            proof = self._token.header() if self._token is not None else ""
            reply = await self._post(_NOBODYS_TOKEN, shared, body, _uuid(_time(self._clock.now()), 0), proof)
        except (AddressRefused, ConnectFailed, ReplyLost) as failure:
            return unreachable("Apple's push service", failure)
        reason = reason_of(reply)
        row = find(reply.status, reason)
        environment = self._settings.environment.value
        if row is not None and row.meaning in (Meaning.MIXED_UP, Meaning.DEAD_SINCE):
            return Check(True, f"Apple takes our proof for {self._settings.topic} in {environment}.")
        if row is not None and row.meaning is Meaning.DEAD:
            return Check(False, f"Apple answered {reason}: {self._settings.topic} does not belong to this key's team.")
        if row is not None and row.mend:
            return Check(False, f"Apple answered {reply.status} {reason}: {row.mend}.")
        return Check(False, f"Apple answered {f'{reply.status} {reason}'.rstrip()} to a check in {environment}.")

    async def close(self) -> None:
        """Nothing to let go of: the connections are the transport's."""

    def _post(self, token: str, shared: dict[str, str], body: bytes, id: str, proof: str) -> Awaitable[Reply]:
        own = {"authorization": proof, "apns-id": id} if proof else {"apns-id": id}
        return self._transport.request(
            "POST",
            self._device + token,
            headers=shared,
            own=own,
            body=body,
            timeout=self._timeout,
            identity=self._identity,
        )

    def _made_for(self, letter: Letter) -> Prepared:
        """All recipients get the same, but for a question, which each answers by a link of their own."""
        if is_question(letter.message):
            return self._prepare(letter.message, self._answer_link(letter))
        return self._prepared.of(letter.message)

    def _prepare(self, message: Message, answer_link: str = "") -> Prepared:
        notice = with_answer(read(message), answer_link)
        shared = headers(notice, self._settings.topic)
        return payload(notice, self._settings.sound), shared, _time(message.created_at)


def _is_token(text: str) -> bool:
    """Whether this can be a device's token: 32 to 100 bytes in hexadecimal digits."""
    return len(text) % 2 == 0 and _TOKEN.fullmatch(text) is not None


def _uuid(time: str, delivery_id: int) -> str:
    """The apns-id of a delivery, the same for every attempt: a UUID of version 8 (RFC 9562), whose bits are ours to choose.

    The message's time comes first, so that ids of one time lie together in an index, and keeps
    them apart from those of an earlier, lost database.
    """
    return f"{time}-8000-{0x8000 | delivery_id >> 48:04x}-{delivery_id & 0xFFFFFFFFFFFF:012x}"


def _time(created_at: int) -> str:
    """How the ids of a message begin. `created_at` in ms since the epoch."""
    digits = f"{created_at & 0xFFFFFFFFFFFF:012x}"
    return f"{digits[:8]}-{digits[8:]}"


def _build(name: str, settings: ApnsSettings, tools: Tools) -> ApnsChannel:
    area = f"channels.{name}"
    if settings.certificate_file is not None:
        where = f"{area}.certificate_file"
        try:
            identity = read_identity(read_text(where, settings.certificate_file))
        except ValueError as refusal:
            raise BadSetting(f"{where}: {refusal}.") from None
        return ApnsChannel(settings, tools.transport, tools.clock, identity=identity, answer_link=tools.answer_link)
    where = f"{area}.key_file" if settings.key_file else f"{area}.private_key"
    pem_text = read_text(where, settings.key_file) if settings.key_file else settings.private_key.get_secret_value()
    try:
        key = read_key(pem_text)
    except ValueError as refusal:
        raise BadSetting(f"{where}: {refusal}.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadSetting(f"{where}: an APNs signing key is a P-256 key.")
    token = ProviderToken(key, settings.key_id, settings.team_id, tools.clock)
    return ApnsChannel(settings, tools.transport, tools.clock, token=token, answer_link=tools.answer_link)


PLUGIN = Plugin(
    kind="apns",
    description="Sends notifications to Apple devices through Apple's push service.",
    settings=ApnsSettings,
    build=_build,
)
