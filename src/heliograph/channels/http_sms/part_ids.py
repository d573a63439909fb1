"""Keeps what a provider calls each part of a long text, where each part has a receipt of its own."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.channels.plugin import Tools
from heliograph.core.errors import Unavailable
from heliograph.core.parts import Part


class PartIds:
    """One channel's."""

    def __init__(self, name: str, tools: Tools) -> None:
        self._name = name
        self._parts = tools.parts
        self._clock = tools.clock
        self._log = tools.log

    async def keep(self, delivery_id: int, ids: Sequence[str]) -> None:
        """The delivery has arrived when all of these have; a text of one part has no parts."""
        if len(ids) < 2 or not delivery_id:
            return
        now = self._clock.now()
        try:
            for number, id in enumerate(ids, start=1):
                await self._parts.put(
                    Part(
                        delivery_id=delivery_id,
                        number=number,
                        of=len(ids),
                        channel=self._name,
                        address="",
                        provider_id=id,
                        at=now,
                    )
                )
        except Unavailable as trouble:  # the message was taken; its first receipt then speaks for all
            self._log.warning(
                "The parts of a message could not be kept.",
                channel=self._name,
                delivery_id=delivery_id,
                reason=trouble.detail,
            )
