"""The gateway's side of `heliograph.scripts`: what each function of a script does, without raising events again."""

from __future__ import annotations

import msgspec

from heliograph.core.errors import NotAllowed
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Call, Directory
from heliograph.hooks.answers import Verb
from heliograph.hooks.wire import Who
from heliograph.intake.carriers import MessageDeliveryStatus, OutgoingMessage, PocketNotificationMessage
from heliograph.intake.messaging import SENT, MessagingService
from heliograph.intake.push import PushService
from heliograph.scripts.asking import SEND_MESSAGES, SEND_PUSH, USER, Person


class _Push(msgspec.Struct):
    associate_ids: list[int]
    message: PocketNotificationMessage


class _Texts(msgspec.Struct):
    plugin: str
    outgoing_messages: list[OutgoingMessage]


class _Question(msgspec.Struct):
    associate_id: int = 0
    user_name: str = ""
    email: str = ""


class Verbs:
    """Acts in the name of the call's own caller, within that caller's company. `messaging` must not wait."""

    def __init__(self, push: PushService, messaging: MessagingService, directory: Directory) -> None:
        self._push = push
        self._messaging = messaging
        self._directory = directory

    def table(self) -> dict[str, Verb]:
        """By the names that scripts ask with."""
        return {SEND_PUSH: self._send_push, SEND_MESSAGES: self._send_messages, USER: self._user}

    async def _send_push(self, who: Who, question: bytes) -> bytes:
        asked = msgspec.json.decode(question, type=_Push)
        if who.dry_run:
            return b"0"
        call = _call("SendPushNotification", who)
        await self._push.send_push_notification(call, associate_ids=asked.associate_ids, message=asked.message)
        return call.notes["MessageId"].encode()

    async def _send_messages(self, who: Who, question: bytes) -> bytes:
        asked = msgspec.json.decode(question, type=_Texts)
        if who.dry_run:
            words = "A dry run: this is sent to nobody."
            return msgspec.json.encode(
                [MessageDeliveryStatus(status=SENT, status_description=words) for _ in asked.outgoing_messages]
            )
        call = _call("SendMessages", who)
        statuses = await self._messaging.send_messages(
            call, plugin=asked.plugin, outgoing_messages=asked.outgoing_messages
        )
        return msgspec.json.encode(statuses)

    async def _user(self, who: Who, question: bytes) -> bytes:
        asked, company = msgspec.json.decode(question, type=_Question), _caller(who).company_id
        if asked.associate_id:
            found = await self._directory.user(asked.associate_id)
        elif asked.user_name:
            found = await self._directory.user_by_name(company, asked.user_name)
        else:
            found = await self._directory.user_by_email(company, asked.email)
        if found is None or found.company_id != company:
            return b"null"
        return msgspec.json.encode(msgspec.convert(found, Person, from_attributes=True))


def _caller(who: Who) -> Caller:
    if not who.company_id:
        raise NotAllowed("Nobody has signed in to this call, so there is no company to act in.")
    return Caller(
        company_id=who.company_id, door=Door.SCRIPT, associate_id=who.associate_id, administrator=who.administrator
    )


def _call(method: str, who: Who) -> Call:
    return Call(method=method, arguments={}, caller=_caller(who))
