"""CreateMessage: what someone outside sent reaches the inbox of the user it is addressed to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from heliograph.config.settings import MessagingSettings, PushSettings
from heliograph.core.errors import NotSupported, UnknownChannel
from heliograph.core.message import Text
from heliograph.core.ports import Call, Channels
from heliograph.core.replay import Replay, Replaying
from heliograph.intake.carriers import IncomingMessage
from heliograph.intake.conversations import Conversations, Exchange, session_key
from heliograph.intake.submit import Accepted, Draft, Intake, Submission, Way


class IncomingService:
    """The method of the Messaging agent that takes messages in."""

    def __init__(
        self,
        intake: Intake,
        channels: Channels,
        conversations: Conversations,
        messaging: MessagingSettings,
        push: PushSettings,
    ) -> None:
        self._intake = intake
        self._conversations = conversations
        self._channels = channels
        self._messaging = messaging
        self._inbox = push.inbox

    async def create_message(self, call: Call, *, incoming_message: IncomingMessage) -> None:
        """Accept it for the inbox of the user whom To names; notes MessageId.

        What it answers, by the message it names or by its session key, has been replied to in the same transaction.
        Raises UnknownChannel for a plugin that is not configured, UnknownRecipient when To names nobody,
        NotSupported where there is no inbox.
        """
        plugin = incoming_message.plugin
        if plugin and plugin not in self._channels:
            configured = ", ".join(self._channels) or "none"
            raise UnknownChannel(f"There is no plugin {plugin[:100]!r}. Configured: {configured}.", field="Plugin")
        inbox = self._channels.get(self._inbox)
        if inbox is None:
            raise NotSupported("This gateway has no inbox that a message could come into (push.inbox).")
        address = await inbox.resolve(call.caller.company_id, incoming_message.to.strip(), "")
        exchange = await self._conversations.answered_by(call.caller.company_id, incoming_message)
        draft = Draft(
            content=_text(incoming_message, exchange),
            ttl_ms=int(self._messaging.default_ttl * 1000),
            ways=(Way(channel=self._inbox, address=address),),
        )
        submission = Submission(
            caller=call.caller,
            drafts=(draft,),
            records=self._conversations.record(exchange),
            events=call.take_due(),
            replay=_kept(call.replay),
        )
        [accepted] = await self._intake.submit(submission)
        call.notes |= _notes(accepted)


def _text(message: IncomingMessage, exchange: Exchange | None) -> Text:
    return Text(
        sender=message.from_,
        to=message.to,
        body=message.content,
        format=message.format,
        parent_id=exchange.message.id if exchange is not None else 0,
        session_key=message.session_key or (session_key(exchange.message) if exchange is not None else ""),
        inbound=True,
        plugin=message.plugin,
        subject=message.subject,
        reference=message.reference,
    )


def _notes(accepted: Accepted) -> dict[str, str]:
    return {"MessageId": str(accepted.message.id)}


def _kept(replay: Replaying | None) -> Callable[[Sequence[Accepted]], Replay] | None:
    """What a repetition of the call is answered: the same id, and nothing comes in twice."""
    if replay is None:
        return None
    return lambda accepted: replay(None, _notes(accepted[0]))
