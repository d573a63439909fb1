"""Parts of messages on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from heliograph.core.parts import Part
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer

_parts = msgspec.json.Decoder(list[Part]).decode


class SqliteParts:
    """Port `Parts`. Each read goes by an index that holds few rows, and is made at once."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def put(self, part: Part) -> None:
        """Keep it in the place of the one with its number."""
        noun = rows.text(part)

        def work(connection: apsw.Connection) -> None:
            connection.execute(SQL["forget_other_parts"], (part.delivery_id, part.of))
            connection.execute(SQL["put_part"], (noun,))

        await self._writer.run(work)

    async def of(self, delivery_id: int) -> list[Part]:
        """In order of number."""
        return self._reader.one(_parts, "parts", delivery_id) or []

    async def known(self, channel: str, provider_ids: Sequence[str]) -> list[Part]:
        """By the provider's ids."""
        return self._reader.one(_parts, "known_parts", channel, rows.text(list(provider_ids))) or []

    async def doubtful(self, channel: str, address: str) -> list[Part]:
        """Those to that address whose answer was lost."""
        return self._reader.one(_parts, "doubtful_parts", channel, address) or []
