"""A large fan-out on the real file: what one process leaves, the next one makes, and a failure in between repeats nothing."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from heliograph.config.settings import StoreSettings
from heliograph.core.delivery import Acceptance
from heliograph.core.errors import Conflict
from heliograph.store.portions import folded, unfolded
from heliograph.store.rows import text
from heliograph.store.sqlite import open_store
from heliograph.testing.builders import a_delivery, a_message
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


def fan_out(count: int) -> Acceptance:
    """A message whose deliveries are all for later."""
    later = tuple(a_delivery(n, message_id=1, address=f"device-{n}") for n in range(1, count + 1))
    return Acceptance(messages=(a_message(1),), deliveries=(), later=later)


async def test_the_next_process_goes_on_where_the_last_one_stopped(tmp_path: Path, clock: JumpingClock) -> None:
    file = tmp_path / "heliograph.db"
    store = await open_store(file, StoreSettings(), clock)
    await store.outbox.accept(fan_out(1200))
    made = await store.outbox.expand()
    await store.close()

    store = await open_store(file, StoreSettings(), clock)
    while more := await store.outbox.expand():
        made += more

    assert [delivery.id for delivery in made] == list(range(1, 1201))
    assert len(await store.outbox.deliveries([1])) == 1200
    await store.close()


async def test_a_portion_that_cannot_be_made_stays_whole_and_is_made_later(tmp_path: Path, clock: JumpingClock) -> None:
    file = tmp_path / "heliograph.db"
    store = await open_store(file, StoreSettings(), clock)
    await store.outbox.accept(fan_out(600))
    other = apsw.Connection(str(file))
    other.execute("INSERT INTO delivery SELECT 300, 9, 1, 'x', 'y', NULL, NULL, 'sent', 0, 0, 0, 0, 0, '', '', '', 0")

    with pytest.raises(Conflict):
        await store.outbox.expand()
    assert await store.outbox.deliveries([1]) == []

    other.execute("DELETE FROM delivery WHERE id = 300")
    other.close()
    assert [len(await store.outbox.expand()) for _ in range(3)] == [500, 100, 0]
    await store.close()


def test_a_portion_is_short_however_many_it_reaches() -> None:
    acceptance = fan_out(500)
    [portion] = folded(acceptance.later)

    assert unfolded(text(portion)) == list(acceptance.later)
    assert len(text(portion)) < len(text(acceptance.later)) / 4
