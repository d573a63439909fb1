"""What every store promises of its end."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.core.errors import Unavailable
from heliograph.testing.builders import a_company, an_acceptance, an_item
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


async def test_a_closed_store_answers_that_it_is_unavailable(store: Any) -> None:
    await store.outbox.accept(an_acceptance())
    await store.close()
    await store.close()
    for call in (
        store.outbox.accept(an_acceptance(first=2)),
        store.outbox.claim([1], now=NOON, lease_until=NOON + 1),
        store.outbox.message(1),
        store.outbox.counts(),
        store.queue.due("stub", now=NOON, limit=1),
        store.directory.add_company(a_company()),
        store.directory.company(1),
        store.inbox.put([an_item()]),
        store.inbox.unread(101),
    ):
        with pytest.raises(Unavailable):
            await call
