"""The triggers that take second ways: there with the first plan, and always this program's."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from heliograph.config.settings import StoreSettings
from heliograph.core.delivery import Acceptance
from heliograph.core.fallback import Planned, Reason, chained
from heliograph.store.sqlite import open_store
from heliograph.store.standbys import TRIGGERS
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


def triggers(path: Path) -> dict[str, str]:
    connection = apsw.Connection(str(path))
    rows = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'standby%'"
    found = dict(connection.execute(rows))
    connection.close()
    return found


def with_a_plan() -> Acceptance:
    accepted = an_acceptance()
    plan = Planned(channel="sms", address="+4712345678", reasons=(Reason.REFUSED,))
    standbys = chained(
        [plan],
        first=1,
        ids=[2],
        message_id=1,
        company_id=1,
        associate_id=None,
        expires_at=accepted.messages[0].expires_at,
    )
    return Acceptance(messages=accepted.messages, deliveries=accepted.deliveries, standbys=standbys)


async def test_who_plans_no_second_way_pays_for_no_trigger(tmp_path: Path, clock: JumpingClock) -> None:
    path = tmp_path / "heliograph.db"
    store = await open_store(path, StoreSettings(), clock)
    await store.outbox.accept(an_acceptance(first=9))
    assert triggers(path) == {}
    await store.outbox.accept(with_a_plan())
    assert triggers(path) == TRIGGERS
    await store.close()


async def test_triggers_of_another_version_are_replaced_at_the_start(tmp_path: Path, clock: JumpingClock) -> None:
    path = tmp_path / "heliograph.db"
    store = await open_store(path, StoreSettings(), clock)
    await store.outbox.accept(with_a_plan())
    await store.close()
    connection = apsw.Connection(str(path))
    connection.execute("DROP TRIGGER standby_ready")
    connection.execute("CREATE TRIGGER standby_ready AFTER UPDATE OF ready ON standby BEGIN SELECT 1; END")
    connection.close()
    await (await open_store(path, StoreSettings(), clock)).close()
    assert triggers(path) == TRIGGERS
