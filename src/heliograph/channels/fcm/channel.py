"""Sends notifications through Firebase Cloud Messaging: one request per try, proven by a service account's token."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from heliograph.channels.fcm.account import Account, read_account
from heliograph.channels.fcm.answers import Meaning, Sign, find, told
from heliograph.channels.fcm.fields import request, with_token
from heliograph.channels.fcm.grant import Grant, GrantFailed
from heliograph.channels.fcm.settings import GOOGLE, FcmSettings
from heliograph.channels.fcm.verdicts import Verdicts
from heliograph.channels.files import read_text
from heliograph.channels.fitting import TooLong
from heliograph.channels.memo import Memo
from heliograph.channels.notice import is_question, read
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
    Reply,
    ReplyLost,
    Shape,
    Traits,
    Transport,
)
from heliograph.core.preview import Preview
from heliograph.core.retry import RetryPolicy

_TOKEN = re.compile(r"[A-Za-z0-9_:.=-]{20,4096}", re.ASCII)
_SPARE = 5.0  # seconds in which a request that ran out of time says so itself

#: The first waits are Google's: ten seconds at least, then doubled. While Google cannot be reached at all, attempts go
#: on for about a day; what Google answers itself is given up after an hour (see verdicts).
RETRY = RetryPolicy(attempts=60, first=10.0, cap=3600.0, resend_in_doubt=True)


class FcmChannel:
    """One try is one POST to messages:send."""

    def __init__(
        self,
        settings: FcmSettings,
        account: Account,
        transport: Transport,
        clock: Clock,
        answer_link: Callable[[Letter], str] = no_answer_link,
    ) -> None:
        self._answer_link = answer_link
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._project = settings.project or account.project
        self._url = f"{settings.endpoint or GOOGLE}/v1/projects/{self._project}/messages:send"
        self._grant = Grant(account, transport, clock, settings.timeout)
        self._verdicts = Verdicts(clock, self._grant)
        self._prepared = Memo(self._prepare)
        self._traits = Traits(
            formats=("text/plain",),
            concurrency=settings.concurrency,
            timeout=2 * settings.timeout + _SPARE,  # a try may have to ask for an access token first
            retry=msgspec.structs.replace(RETRY, recognises=self._recognised),
            shape=Shape(
                per_second=settings.quota / 60, ramp=settings.ramp, near_quarter_hours=settings.near_quarter_hours
            ),
        )

    @property
    def traits(self) -> Traits:
        """Plain text, and Google's waits."""
        return self._traits

    def _recognised(self, message: Message) -> bool:
        """Whether two of this message become one: FCM by the sender's collapse key, the device by a notification's tag.

        Data alone has no tag, and we give it no key: FCM keeps only four keys for a device.
        """
        notice = read(message)
        return notice.collapse_given or not (notice.silent or self._settings.data_only)

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """A registration token. Raises InvalidArgument."""
        if not _TOKEN.fullmatch(to):
            raise InvalidArgument(
                "To must be an FCM registration token: 20 or more letters, digits and signs.", field="To"
            )
        return Address(value=to)

    async def send(self, letter: Letter) -> Outcome:
        """One request, after one for an access token where that is needed."""
        if not _TOKEN.fullmatch(letter.address.value):
            return Refused("not an FCM registration token, which is 20 or more letters, digits and signs")
        try:
            body = with_token(self._made_for(letter), letter.address.value)
        except TooLong as refusal:
            return Refused(str(refusal))
        try:
            token = await self._grant.token()
        except GrantFailed as failure:
            return failure.outcome
        try:
            reply = await self._post(body, token)
        except (AddressRefused, ConnectFailed, ReplyLost) as failure:
            return failed(failure)
        return self._verdicts.outcome(reply, token=token, attempt=letter.attempt)

    def preview(self, letter: Letter) -> Preview:
        """The request's size."""
        if not _TOKEN.fullmatch(letter.address.value):
            return Preview(refused="not an FCM registration token, which is 20 or more letters, digits and signs")
        link = self._answer_link(letter) if is_question(letter.message) else ""
        return previewed(lambda: with_token(self._prepare(letter.message, link), letter.address.value))

    async def check(self) -> Check:
        """Ask FCM to look at a message for nobody, without sending it: a complaint about the token alone is what we want."""
        body = msgspec.json.encode({"validate_only": True, "message": {"token": "nobody", "data": {"check": "1"}}})
        try:
            reply = await self._post(body, await self._grant.token())
        except GrantFailed as failure:
            return Check(False, f"{failure.outcome.pause or failure.outcome.detail}.")
        except (AddressRefused, ConnectFailed, ReplyLost) as failure:
            return unreachable("FCM", failure)
        said = told(reply.body)
        row = find(reply.status, said)
        complains_of_token = said.about_token or Sign.NOT_A_TOKEN in said.signs
        if row is not None and (row.meaning in (Meaning.TAKEN, Meaning.DEAD) or complains_of_token):
            return Check(True, f"FCM takes our service account for the project {self._project}.")
        words = f"FCM answered {reply.status} {said.code}".rstrip()
        return Check(False, f"{words}: {row.mend}." if row is not None and row.mend else f"{words} to a check.")

    async def close(self) -> None:
        """Nothing to let go of: the connections are the transport's."""

    async def _post(self, body: bytes, token: str) -> Reply:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return await self._transport.request(
            "POST", self._url, headers=headers, body=body, timeout=self._settings.timeout
        )

    def _made_for(self, letter: Letter) -> bytes:
        """All recipients get the same, but for a question, which each answers by a link of their own."""
        if is_question(letter.message):
            return self._prepare(letter.message, self._answer_link(letter))
        return self._prepared.of(letter.message, self._clock.now() // 1000)

    def _prepare(self, message: Message, answer_link: str = "") -> bytes:
        settings, now = self._settings, self._clock.now()
        return request(message, now=now, sound=settings.sound, data_only=settings.data_only, answer_link=answer_link)


def _build(name: str, settings: FcmSettings, tools: Tools) -> FcmChannel:
    where, text = "service_account", settings.service_account.get_secret_value()
    if settings.service_account_file is not None:
        where = "service_account_file"
        text = read_text(f"channels.{name}.{where}", settings.service_account_file)
    try:
        account = read_account(text)
    except ValueError as refusal:
        raise BadSetting(f"channels.{name}.{where}: {refusal}.") from None
    return FcmChannel(settings, account, tools.transport, tools.clock, tools.answer_link)


PLUGIN = Plugin(
    kind="fcm",
    description="Sends notifications to Android devices, and to all that a Firebase project knows, by FCM HTTP v1.",
    settings=FcmSettings,
    build=_build,
)
