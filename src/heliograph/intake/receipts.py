"""What a recipient does with an inbox item is a receipt for the delivery that brought it."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.core.delivery import InboxItem, ItemState, Record
from heliograph.core.lifecycle import Happening
from heliograph.core.ports import Clock, Outbox


class Receipts:
    """Tells the outbox what happened in an inbox."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def read(self, items: Sequence[InboxItem]) -> None:
        """The deliveries of these items have arrived; an answer is told by itself. Raises Unavailable.

        A second reading is recorded again: the first may have been cut off between item and delivery.
        """
        now = self._clock.now()
        await self._outbox.record(
            [
                Record(
                    delivery_id=item.delivery_id, happening=Happening.ARRIVED, at=now, detail="read by its recipient"
                )
                for item in items
                if item.state is ItemState.READ
            ]
        )
