"""Recipients' answers over a dict."""

from __future__ import annotations

from msgspec.structs import replace

from heliograph.core.answer import Answer
from heliograph.core.delivery import ItemState
from heliograph.store.answers import record_of
from heliograph.store.memory.outbox import MemoryOutbox
from heliograph.store.memory.tables import Tables
from heliograph.store.memory.webhooks import tell_answer


class MemoryAnswers:
    """Port `Answers`."""

    def __init__(self, tables: Tables, outbox: MemoryOutbox) -> None:
        self._tables = tables
        self._outbox = outbox

    async def keep(self, answer: Answer) -> Answer:
        """The answer that counts: this one, unless there was one before."""
        t = self._tables.open()
        kept = t.answers.setdefault((answer.message_id, answer.associate_id), answer)
        if kept is answer:
            tell_answer(t, answer)
            for id, item in t.items.items():
                if (item.message_id, item.associate_id) == (answer.message_id, answer.associate_id):
                    t.items[id] = replace(item, state=ItemState.ANSWERED)
            await self._outbox.record([record_of(answer)])
        return kept

    async def one(self, message_id: int, associate_id: int) -> Answer | None:
        """One recipient's answer."""
        return self._tables.open().answers.get((message_id, associate_id))

    async def of(self, message_id: int) -> list[Answer]:
        """In order of associate id."""
        found = [answer for answer in self._tables.open().answers.values() if answer.message_id == message_id]
        return sorted(found, key=lambda answer: answer.associate_id)
