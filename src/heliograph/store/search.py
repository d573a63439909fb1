"""Looks through messages from the newest down, a bounded number of them at a time."""

from __future__ import annotations

from heliograph.core.search import Found, Wanted
from heliograph.core.webhooks import FIRST_NOTICE
from heliograph.store import rows
from heliograph.store.reader import Reader

NEWEST = 2**62  # an id above all others


async def search(reader: Reader, wanted: Wanted, before_id: int | None, limit: int) -> Found:
    """One page. Where the page is not full, everything down to `further` has been looked at."""
    oldest = reader.value("oldest")
    if oldest is None:
        return Found((), None)
    top = FIRST_NOTICE if before_id is None else before_id
    if wanted.until < NEWEST:
        top = min(top, reader.value("until", wanted.until) or 0)
    newest = reader.value("newest_below", top)
    if newest is None:
        return Found((), None)
    floor = max(newest - wanted.most, oldest)
    text = wanted.recipient.lower() or None
    messages = await reader.many(
        rows.messages,
        "search",
        top,
        floor,
        limit,
        wanted.company_id,
        wanted.since,
        wanted.until,
        int(wanted.of_deliveries),
        wanted.state,
        wanted.channel or None,
        text,
        wanted.associate_id,
    )
    if len(messages) == limit:
        return Found(tuple(messages), messages[-1].id if messages[-1].id > oldest else None)
    ended = floor <= oldest or reader.value("made_at", floor) < wanted.since
    return Found(tuple(messages), None if ended else floor)
