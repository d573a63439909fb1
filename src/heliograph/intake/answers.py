"""AnswerQuestion: the recipient of a YesNoQuestion says yes or no, from the inbox or by the link that came with it."""

from __future__ import annotations

import msgspec

from heliograph.config.settings import PushSettings
from heliograph.core.answer import Answer, YesNo
from heliograph.core.delivery import Delivery
from heliograph.core.errors import Conflict, InvalidArgument, NotAllowed, NotFound
from heliograph.core.events import MessageAnswered
from heliograph.core.message import Message, Push, PushType
from heliograph.core.people import Caller
from heliograph.core.ports import Answers, Call, Clock, Observer, Outbox
from heliograph.intake.answer_reports import AnswerReports

OVER = "The time to answer this question is over."


class Question(msgspec.Struct, frozen=True):
    """What somebody is asked, and what has become of it."""

    push: Push
    answer: YesNo | None
    over: bool  # the time to answer has ended


class AnswerService:
    """A method like those of the agents, so that scripts can listen to it."""

    def __init__(
        self,
        outbox: Outbox,
        answers: Answers,
        clock: Clock,
        settings: PushSettings,
        observer: Observer | None = None,
        reports: AnswerReports | None = None,
    ) -> None:
        self._outbox = outbox
        self._answers = answers
        self._clock = clock
        self._settings = settings
        self._observer = observer
        self._reports = reports

    async def answer_question(self, call: Call, *, message_id: int, delivery_id: int, answer: str) -> str:
        """Keep the caller's answer (`yes` or `no`), once and for all; the delivery by which the question came is Replied.

        Raises NotFound for a question that did not go to the caller, InvalidArgument for another answer or a message
        that asks nothing, Conflict when the other answer was given before or the time to answer is over.
        """
        value = _value(answer)
        message, delivery = await self._question(call.caller, message_id, delivery_id)
        now = self._clock.now()
        if now >= self._until(message):
            raise Conflict(OVER)
        given = Answer(
            message_id=message.id,
            associate_id=delivery.associate_id or 0,
            delivery_id=delivery.id,
            company_id=delivery.company_id,
            value=value,
            answered_at=now,
        )
        kept = await self._answers.keep(given)
        if kept.value is not value:
            raise Conflict(f"This question was answered already: {kept.value}.")
        if kept == given:
            await self._tell(kept, call.caller)
        return kept.value.value

    async def _tell(self, answer: Answer, caller: Caller) -> None:
        if self._observer is not None:
            self._observer.saw(MessageAnswered(answer.message_id, answer.company_id, answer.delivery_id))
        if self._reports is not None:
            await self._reports.tell(answer, caller)

    def _until(self, message: Message) -> int:
        """When the time to answer ends, in ms since the epoch."""
        return message.created_at + int(self._settings.answer_time * 1000)

    async def question(self, caller: Caller, message_id: int, delivery_id: int) -> Question:
        """What the caller was asked by that delivery, and the caller's answer. Raises NotFound and InvalidArgument."""
        message, _ = await self._question(caller, message_id, delivery_id)
        given = await self._answers.one(message_id, caller.associate_id or 0)
        assert isinstance(message.content, Push)  # noqa: S101 - _question lets nothing else through
        over = self._clock.now() >= self._until(message)
        return Question(message.content, given.value if given is not None else None, over)

    async def _question(self, caller: Caller, message_id: int, delivery_id: int) -> tuple[Message, Delivery]:
        if caller.associate_id is None:
            raise NotAllowed("A question is answered by its recipient: sign in with a user's ticket.")
        message = await self._outbox.message(message_id)
        deliveries = await self._outbox.deliveries([message_id])
        mine = [
            delivery
            for delivery in deliveries
            if delivery.id == delivery_id
            and delivery.associate_id == caller.associate_id
            and delivery.company_id == caller.company_id
        ]
        if message is None or not mine:
            raise NotFound("There is no such question here.")
        if not (isinstance(message.content, Push) and message.content.type is PushType.QUESTION):
            raise InvalidArgument("This message asks nothing.", field="Answer")
        return message, mine[0]


def _value(answer: str) -> YesNo:
    try:
        return YesNo(answer.strip().lower())
    except ValueError:
        raise InvalidArgument("Answer must be yes or no.", field="Answer") from None
