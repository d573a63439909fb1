"""The search of the store over dicts."""

from __future__ import annotations

from heliograph.core.delivery import Delivery
from heliograph.core.search import Found, Wanted
from heliograph.core.webhooks import FIRST_NOTICE
from heliograph.store.memory.tables import Tables


def look_through(tables: Tables, wanted: Wanted, before_id: int | None, limit: int) -> Found:
    """One page, newest first."""
    ids = sorted(
        (id for id in tables.messages if id < (FIRST_NOTICE if before_id is None else before_id)), reverse=True
    )
    ids = [id for id in ids if tables.messages[id].created_at <= wanted.until]
    looked = ids[: wanted.most]
    mine: dict[int, list[Delivery]] = {}
    for delivery in tables.deliveries.values():
        mine.setdefault(delivery.message_id, []).append(delivery)
    found = []
    for id in looked:
        message = tables.messages[id]
        fits = wanted.company_id in (None, message.company_id) and message.created_at >= wanted.since
        if fits and (not wanted.of_deliveries or any(_fits(wanted, each) for each in mine.get(id, ()))):
            found.append(message)
            if len(found) == limit:
                return Found(tuple(found), id if id != min(tables.messages) else None)
    ended = len(looked) == len(ids) or tables.messages[looked[-1]].created_at < wanted.since
    return Found(tuple(found), None if ended else looked[-1])


def _fits(wanted: Wanted, delivery: Delivery) -> bool:
    text = wanted.recipient.lower()
    named = (
        not text
        or (wanted.associate_id is not None and delivery.associate_id == wanted.associate_id)
        or (delivery.device_id is None and text in delivery.address.lower())
        or delivery.provider_id.lower() == text
    )
    return named and wanted.state in (None, delivery.state) and wanted.channel in ("", delivery.channel)
