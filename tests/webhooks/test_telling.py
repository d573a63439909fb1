"""Nobody pays for events that nobody wants, and every process writes down those that somebody does."""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec
import pytest
from msgspec.structs import replace
from tests.webhooks.conftest import Desk

from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import StoreSettings
from heliograph.core.lifecycle import State
from heliograph.core.webhooks import CHANNEL, EVENTS, EndpointState, EventType, Occurrence, facts_of, payload
from heliograph.intake.webhooks import Change
from heliograph.store.sqlite import open_store
from heliograph.store.telling import TRIGGERS, WRITES
from heliograph.testing.builders import a_delivery
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


def triggers(folder: Path) -> set[str]:
    """Those that write events down, as a stranger reads the file."""
    file = apsw.Connection(str(folder / "heliograph.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found = file.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB 'told_*'").fetchall()
    finally:
        file.close()
    return {name for (name,) in found}


async def test_the_triggers_are_there_exactly_while_somebody_wants_what_they_write(desk: Desk, tmp_path: Path) -> None:
    assert triggers(tmp_path) == set()
    sent = (await desk.add("http://a.example.com/", types=["delivery.sent"])).endpoint
    assert triggers(tmp_path) == {"told_move"}
    every = (await desk.add("http://b.example.com/")).endpoint
    assert triggers(tmp_path) == set(TRIGGERS)
    await desk.service.change(every, Change(state=EndpointState.DISABLED))
    assert triggers(tmp_path) == {"told_move"}
    await desk.store.webhooks.disable(sent.id, reason="gone", now=1)
    assert triggers(tmp_path) == set()
    await desk.service.change(await desk.now(sent), Change(state=EndpointState.ENABLED, types=["message.replied"]))
    assert triggers(tmp_path) == {"told_answer"}
    await desk.service.remove(sent)
    assert triggers(tmp_path) == set()


async def test_a_trigger_that_is_right_is_not_made_again(desk: Desk, tmp_path: Path) -> None:
    await desk.add("http://a.example.com/")
    before = schema_version(tmp_path)
    await desk.add("http://b.example.com/")
    assert schema_version(tmp_path) == before


def schema_version(folder: Path) -> int:
    file = apsw.Connection(str(folder / "heliograph.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(file.pragma("schema_version"))
    finally:
        file.close()


async def test_a_process_that_was_running_already_tells_what_another_process_subscribed_to(
    desk: Desk, tmp_path: Path, clock: JumpingClock, transport: GuardedTransport
) -> None:
    await desk.accept()
    other = await open_store(tmp_path / "heliograph.db", StoreSettings(), clock)
    added = (await Desk(other, transport, clock).add("http://a.example.com/")).endpoint
    await desk.accept()
    assert len(await other.webhooks.expand()) == 1
    await Desk(other, transport, clock).service.remove(added)
    await desk.accept()
    assert await other.webhooks.expand() == []
    await other.close()


async def test_opening_the_file_puts_triggers_of_another_version_right(
    desk: Desk, tmp_path: Path, clock: JumpingClock
) -> None:
    await desk.add("http://a.example.com/", types=["message.accepted"])
    file = apsw.Connection(str(tmp_path / "heliograph.db"))
    file.execute("DROP TRIGGER told_message; DELETE FROM webhook_wanted")
    file.execute("CREATE TRIGGER told_move AFTER UPDATE OF state ON delivery BEGIN SELECT 1; END")
    file.close()
    again = await open_store(tmp_path / "heliograph.db", StoreSettings(), clock)
    assert triggers(tmp_path) == {"told_message"}
    await desk.accept()
    assert len(await again.webhooks.expand()) == 1
    await again.close()


async def test_two_processes_never_make_two_notices_of_one_event(
    desk: Desk, tmp_path: Path, clock: JumpingClock
) -> None:
    await desk.add("http://a.example.com/")
    other = await open_store(tmp_path / "heliograph.db", StoreSettings(), clock)
    for _ in range(250):
        await desk.accept()
    made = []
    while batch := [*await desk.store.webhooks.expand(), *await other.webhooks.expand()]:
        made += batch
    assert len(made) == 250
    assert len({delivery.id for delivery in made}) == 250
    assert len({delivery.message_id for delivery in made}) == 250
    await other.close()


def test_every_type_is_written_by_a_trigger_or_where_it_happens() -> None:
    elsewhere = {EventType.DEVICE_PRUNED, EventType.ENDPOINT_DISABLED}
    assert set().union(*WRITES.values()) | elsewhere == set(EventType)
    assert set(EVENTS) == set(EventType)
    assert set(WRITES) == set(TRIGGERS)


def test_every_state_that_a_delivery_rests_in_has_a_type_of_its_own_but_the_answer() -> None:
    told = {type.removeprefix("delivery.") for type in EventType if type.startswith("delivery.")}
    assert told == {state.value for state in State} - {"queued", "held", "leased", "replied"}


async def test_the_trigger_and_the_table_tell_the_same_facts(desk: Desk) -> None:
    delivery = a_delivery(7, message_id=3)
    promised = EVENTS[EventType.DELIVERY_SENT][1].split(", ")
    assert list(facts_of(delivery)) == promised
    for name in promised:
        assert f"'{name}'" in TRIGGERS["told_move"]
        assert f"'{name}'" in TRIGGERS["told_birth"]


def test_an_address_that_a_provider_repeats_in_its_words_is_shortened_there_too() -> None:
    facts = {"address": "ida@example.com", "detail": "550 <ida@example.com> unknown", "device_id": None}
    event = Occurrence(id=1, company_id=1, type="delivery.failed", at=1, facts=facts)
    thin = msgspec.json.decode(payload(event, content=False, now=1))["data"]
    full = msgspec.json.decode(payload(event, content=True, now=1))["data"]
    assert (thin["address"], thin["detail"]) == ("i***@example.com", "550 <i***@example.com> unknown")
    assert (full["address"], full["detail"]) == ("ida@example.com", "550 <ida@example.com> unknown")


async def test_a_notice_of_another_companys_endpoint_is_never_posted(desk: Desk) -> None:
    theirs = (await desk.add("http://a.example.com/", company_id=2)).endpoint
    await desk.add("http://b.example.com/")
    await desk.accept()
    letter = await desk.one()
    forged = replace(letter, address=replace(letter.address, value=theirs.address))
    assert (await desk.channel.send(forged)).detail == "the endpoint was removed"
    assert CHANNEL.startswith("@")
