"""The read side: a message with all that became of it, lists, and counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from heliograph.core.answer import Answer
from heliograph.core.delivery import Attempt, Delivery, Receipt
from heliograph.core.errors import NotFound
from heliograph.core.fallback import Standby, Standbys
from heliograph.core.lifecycle import State
from heliograph.core.message import Message
from heliograph.core.ports import Answers, Outbox
from heliograph.core.threads import Threads

PAGE_MAX = 1000

Closely = Callable[[Sequence[Delivery]], Sequence[Delivery]]


class MessageView(msgspec.Struct, frozen=True):
    """A message, its deliveries in order of id, and their attempts in order of delivery and number."""

    message: Message
    deliveries: tuple[Delivery, ...]
    attempts: tuple[Attempt, ...] = ()
    answers: tuple[Answer, ...] = ()  # in order of associate id
    follow_ups: tuple[Message, ...] = ()  # what follows or answers it, in order of id
    receipts: tuple[Receipt, ...] = ()  # in order of delivery and time
    standbys: tuple[Standby, ...] = ()  # second ways, taken or not, in order of id

    def in_place(self, delivery_id: int) -> Standby | None:
        """Why this delivery was made in the place of another one; None for one of the message's own."""
        return next((s for s in self.standbys if s.id == delivery_id and s.made_no), None)


class Query:
    """Questions about what was accepted."""

    def __init__(self, outbox: Outbox, answers: Answers, threads: Threads, standbys: Standbys | None = None) -> None:
        self._standbys = standbys
        self._outbox = outbox
        self._answers = answers
        self._threads = threads

    async def message(
        self, message_id: int, *, company_id: int | None = None, closely: Closely | None = None
    ) -> MessageView:
        """One message with deliveries, attempts and answers. Raises NotFound, also for another company's.

        `closely` chooses the deliveries whose attempts and receipts are wanted, of a message that may have very many.
        """
        message = await self.known(message_id, company_id)
        deliveries = await self._outbox.deliveries([message_id])
        ids = [delivery.id for delivery in (closely(deliveries) if closely is not None else deliveries)]
        attempts, receipts = await self._outbox.attempts(ids), await self._outbox.receipts(ids)
        standbys = await self._standbys.standbys([message_id]) if self._standbys is not None else ()
        answers = await self._answers.of(message_id)
        follow_ups = await self._threads.follow_ups([message_id], limit=PAGE_MAX)
        same_company = tuple(one for one in follow_ups if one.company_id == message.company_id)
        return MessageView(
            message,
            tuple(deliveries),
            tuple(attempts),
            tuple(answers),
            same_company,
            tuple(receipts),
            tuple(standbys),
        )

    async def messages(
        self,
        *,
        company_id: int | None = None,
        state: State | None = None,
        before_id: int | None = None,
        limit: int = 50,
    ) -> list[MessageView]:
        """Newest first, without attempts; with a state, those that have a delivery in it. At most 1,000 at once."""
        limit = min(max(limit, 1), PAGE_MAX)
        messages = await self._outbox.messages(company_id=company_id, state=state, before_id=before_id, limit=limit)
        return await self.with_deliveries(messages)

    async def known(self, message_id: int, company_id: int | None) -> Message:
        """The message by itself. Raises NotFound, also for another company's; None is any company."""
        message = await self._outbox.message(message_id)
        if message is None or company_id not in (None, message.company_id):
            raise NotFound(f"There is no message {message_id}.")
        return message

    async def with_deliveries(self, messages: Sequence[Message]) -> list[MessageView]:
        """A view of each, same order, without attempts."""
        by_message: dict[int, list[Delivery]] = {message.id: [] for message in messages}
        for delivery in await self._outbox.deliveries(list(by_message)):
            by_message[delivery.message_id].append(delivery)
        return [MessageView(message, tuple(by_message[message.id])) for message in messages]

    async def counts(self) -> dict[str, dict[State, int]]:
        """How many deliveries each channel has in each state it has any in."""
        table: dict[str, dict[State, int]] = {}
        for (channel, state), count in sorted((await self._outbox.counts()).items()):
            if count:
                table.setdefault(channel, {})[state] = count
        return table
