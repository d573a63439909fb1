"""What providers say later of the messages they took, told to the deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from heliograph.core.delivery import Delivery, Record, Report
from heliograph.core.lifecycle import Happening
from heliograph.core.parts import Part, Parts, PartState, told
from heliograph.core.ports import Clock, Outbox

DOUBT_MS = 15 * 60_000  # a receipt for a part whose answer was lost is believed to be one for so long

#: What a receipt says of a part.
SAYS = {Happening.ARRIVED: PartState.ARRIVED, Happening.BOUNCED: PartState.BOUNCED}

_Known = TypeVar("_Known", Delivery, Part)


class ProviderReports:
    """Port `Reports` over the outbox and the parts."""

    def __init__(self, outbox: Outbox, clock: Clock, parts: Parts) -> None:
        self._outbox = outbox
        self._clock = clock
        self._parts = parts

    async def report(self, channel: str, report: Report) -> bool:
        """Whether a part or a delivery is known by one of the ids; then it is recorded. Raises Unavailable.

        A delivery of several parts has arrived when every part has, and has not when one has not (`core.parts.told`). A
        report that comes twice, or that the delivery's state leaves no room for, moves nothing and is no error.
        """
        parts = _meant(_allowed(await self._parts.known(channel, report.ids), report), report)
        if parts:
            for part in parts:
                await self._part_told(part, report)
            return True
        found = await self._outbox.known(channel, report.ids)
        found = _meant([d for d in found if report.only in (None, d.id)], report)
        await self._told([delivery.id for delivery in found], report)
        return bool(found)

    async def adopt(self, channel: str, report: Report) -> bool:
        """Take it for the receipt of the one submission to its address whose answer was lost; whether there is just one."""
        since = self._clock.now() - DOUBT_MS
        doubtful = [part for part in await self._parts.doubtful(channel, report.address) if part.at >= since]
        if not report.address or len(doubtful) != 1:
            return False
        await self._part_told(replace(doubtful[0], provider_id=report.ids[0]), report)
        return True

    async def _part_told(self, part: Part, report: Report) -> None:
        """Keep what is known of the part first: a receipt that comes again finds it, and the rest is done again."""
        await self._parts.put(replace(part, state=SAYS[report.happening]))
        happening = told(await self._parts.of(part.delivery_id))
        if happening is not report.happening:  # not all is known yet, or another part has decided it
            return
        detail = report.detail
        if part.of > 1:
            arrived = happening is Happening.ARRIVED
            detail = f"all {part.of} parts have arrived" if arrived else f"{detail}, part {part.number} of {part.of}"
        await self._told([part.delivery_id], replace(report, detail=detail), part.provider_id)

    async def _told(self, delivery_ids: Sequence[int], report: Report, provider_id: str = "") -> None:
        now = self._clock.now()
        records = [
            Record(delivery_id=id, happening=report.happening, at=now, detail=report.detail, provider_id=provider_id)
            for id in delivery_ids
        ]
        if records:
            await self._outbox.record(records)


def _allowed(parts: Sequence[Part], report: Report) -> list[Part]:
    return [part for part in parts if report.only in (None, part.delivery_id)]


def _meant(found: Sequence[_Known], report: Report) -> list[_Known]:
    """Of several, those to the address that is named, by the id as it came."""
    to = [one for one in found if one.address == report.address] if report.address else []
    exact = [one for one in to or found if one.provider_id == report.ids[0]]
    return list(exact or to or found)
