"""Tells a channel, usually a webhook, what a recipient answered: as a message like any other, kept and retried."""

from __future__ import annotations

import msgspec

from heliograph.config.settings import PushSettings
from heliograph.core.answer import Answer
from heliograph.core.delivery import Address
from heliograph.core.errors import InvalidArgument
from heliograph.core.message import Text
from heliograph.core.people import Caller
from heliograph.core.ports import Channels
from heliograph.intake.submit import Draft, Intake, Submission, Way

_FORMAT = "application/json"


class AnswerReports:
    """Silent unless the setting `push.answers` names a channel."""

    def __init__(self, intake: Intake, channels: Channels, settings: PushSettings) -> None:
        self._intake = intake
        self._channels = channels
        self._settings = settings

    async def tell(self, answer: Answer, caller: Caller) -> None:
        """Accept one message to the channel. Raises Unavailable; a To that the channel refuses is a dead letter."""
        channel = self._channels.get(self._settings.answers)
        if channel is None:
            return
        to, refused, address = self._settings.answers_to, "", Address(value=self._settings.answers_to)
        format = _FORMAT if _FORMAT in channel.traits.formats else ""
        try:
            address = await channel.resolve(answer.company_id, to, format)
        except InvalidArgument as error:
            refused = error.detail
        way = Way(channel=self._settings.answers, address=address, refused=refused)
        text = Text(sender="heliograph", to=to, body=report(answer), format=format)
        draft = Draft(content=text, ttl_ms=int(self._settings.default_ttl * 1000), ways=(way,))
        await self._intake.submit(Submission(caller=caller, drafts=(draft,)))


def report(answer: Answer) -> str:
    """The answer as JSON; `answered_at` is ms since the epoch."""
    return msgspec.json.encode({"type": "message.answered", **msgspec.structs.asdict(answer)}).decode()
