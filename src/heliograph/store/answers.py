"""Recipients' answers on SQLite."""

from __future__ import annotations

import apsw

from heliograph.core.answer import Answer
from heliograph.core.delivery import Record
from heliograph.core.lifecycle import Happening
from heliograph.store import rows
from heliograph.store.jobs import Batch
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer


class SqliteAnswers:
    """Port `Answers`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def keep(self, answer: Answer) -> Answer:
        """The answer that counts: this one, unless there was one before."""
        noun, record = rows.text(answer), rows.record(record_of(answer))
        whose = (answer.message_id, answer.associate_id)

        def work(connection: apsw.Connection) -> str:
            connection.execute(SQL["keep_answer"], (noun,))
            if connection.changes():
                connection.execute(SQL["mark_answered"], whose)
                batch = Batch()
                batch.record(answer.delivery_id, record)
                batch.apply(connection)
            kept: str = connection.execute(SQL["answer"], whose).get
            return kept

        return rows.answer(await self._writer.run(work))

    async def one(self, message_id: int, associate_id: int) -> Answer | None:
        """One recipient's answer."""
        return self._reader.one(rows.answer, "answer", message_id, associate_id)

    async def of(self, message_id: int) -> list[Answer]:
        """In order of associate id."""
        return await self._reader.many(rows.answers_given, "answers_given", message_id)


def record_of(answer: Answer) -> Record:
    """What an answer means for the delivery by which the question came."""
    return Record(
        delivery_id=answer.delivery_id,
        happening=Happening.ANSWERED,
        at=answer.answered_at,
        detail=f"answered {answer.value}",
    )
