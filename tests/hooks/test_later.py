"""AfterAsync events between memory and the table, on a clock that jumps."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from heliograph.core.scripting import DueEvent
from heliograph.hooks import later
from heliograph.hooks.holding import LEASE_MS, Payload
from heliograph.hooks.job import Job
from heliograph.hooks.later import Later
from heliograph.hooks.shelf import Shelf
from heliograph.hooks.wire import AFTER_ASYNC, Done, Report, Source, Who
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import an_event
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.clock import JumpingClock
from heliograph.testing.flaky import Flaky
from heliograph.testing.secrets import OpenSealer

pytestmark = pytest.mark.anyio

PAYLOAD = Payload(Who(1, "soap", 101, False), b"{}", None, {"a.py": b"\x01"})


class Workers:
    """Takes jobs and lets them go when told to."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self._held: list[Job] = []
        self._open = False

    def put(self, job: Job) -> None:
        self.jobs.append(job)
        self._held.append(job)
        if self._open:
            self.let_go()

    def let_go(self) -> None:
        """Finish what they have and, from now on, all they get."""
        self._open = True
        held, self._held = self._held, []
        for job in held:
            job.run()
            job.done(Done(job.id))


class Evening:
    """A `Later` with its surroundings."""

    def __init__(self, clock: JumpingClock, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore(clock)
        self.clock = clock
        self.workers = Workers()
        self.shelf = Shelf(5)
        self.serve("SendMessages")
        pool: Any = self.workers
        self.later = Later(self.store.agenda, pool, self.shelf, OpenSealer(), clock, lambda job: None)

    def serve(self, *methods: str, broken: dict[str, str] | None = None) -> None:
        """From now on a script listens to these methods."""
        reports = [Report("a.py", [(AFTER_ASYNC, method) for method in methods])] if methods else []
        self.shelf.put([Source("a.py", "a.py", "")] if methods else [], reports, broken or {}, anew=True)

    async def table(self) -> list[DueEvent]:
        """What is in the table, leased or not, without touching it."""
        return sorted(self.store._tables.events.values(), key=lambda event: event.id)

    def payload(self) -> bytes:
        return OpenSealer().seal(msgspec.msgpack.encode(PAYLOAD), context="script.event")


@pytest.fixture
def evening(clock: JumpingClock) -> Evening:
    return Evening(clock)


async def test_an_event_that_has_run_before_anyone_wrote_it_is_never_written(evening: Evening) -> None:
    evening.workers.let_go()
    await evening.later.start(only_here=True)
    due = evening.later.due("SendMessages", 1, PAYLOAD)
    evening.later.put(due, PAYLOAD, kept=False, changed=False)
    await evening.clock.jump(1)
    assert len(evening.workers.jobs) == 1
    assert await evening.table() == []
    await evening.later.stop(0)


async def test_an_event_that_runs_long_is_written_with_what_after_added_and_forgotten_when_done(
    evening: Evening,
) -> None:
    await evening.later.start(only_here=True)
    due = evening.later.due("SendMessages", 1, PAYLOAD)
    await evening.store.agenda.settle(done=[], kept=[due])  # as the accepting transaction does
    joined = Payload(PAYLOAD.who, b"{}", b"[7]", {})
    evening.later.put(due, joined, kept=True, changed=True)
    await evening.clock.jump(1)
    [row] = await evening.table()
    opened = msgspec.msgpack.decode(OpenSealer().open(row.payload, context="script.event"), type=Payload)
    assert opened == joined
    evening.workers.let_go()
    await evening.clock.jump(1)
    assert await evening.table() == []
    await evening.later.stop(0)


async def test_the_lease_of_what_runs_is_renewed_and_that_of_a_given_up_call_lapses(evening: Evening) -> None:
    await evening.later.start(only_here=True)
    running, given_up = (evening.later.due("SendMessages", 1, PAYLOAD) for _ in range(2))
    await evening.store.agenda.settle(done=[], kept=[running, given_up])
    evening.later.put(running, PAYLOAD, kept=True, changed=False)
    evening.later.let_go(given_up)
    await evening.clock.jump(LEASE_MS / 1000 - 1)
    assert len(evening.workers.jobs) == 1
    await evening.clock.jump(3)
    assert len(evening.workers.jobs) == 2  # the given up one was accepted, so it runs; the running one not again
    evening.workers.let_go()
    await evening.clock.jump(1)
    assert await evening.table() == []
    await evening.later.stop(0)


async def test_the_only_process_takes_up_at_once_what_a_dead_one_held(evening: Evening) -> None:
    await evening.store.agenda.settle(
        done=[], kept=[an_event(1, lease_until=NOON + LEASE_MS, payload=evening.payload())]
    )
    evening.workers.let_go()
    await evening.later.start(only_here=True)
    await evening.clock.jump(0.1)
    assert [job.states for job in evening.workers.jobs] == [{"a.py": b"\x01"}]
    await evening.later.stop(0)


async def test_beside_another_process_its_leases_are_waited_for(evening: Evening) -> None:
    await evening.store.agenda.settle(
        done=[], kept=[an_event(1, lease_until=NOON + LEASE_MS, payload=evening.payload())]
    )
    await evening.later.start(only_here=False)
    await evening.clock.jump(LEASE_MS / 1000 - 1)
    assert evening.workers.jobs == []
    await evening.clock.jump(2)
    assert len(evening.workers.jobs) == 1
    await evening.later.stop(0)


async def test_what_is_too_much_for_memory_waits_in_the_table_and_runs_in_its_turn(evening: Evening) -> None:
    await evening.later.start(only_here=True)
    count = later.MOST_IN_MEMORY + 20
    for _ in range(count):
        evening.later.put(evening.later.due("SendMessages", 1, PAYLOAD), PAYLOAD, kept=False, changed=False)
    await evening.clock.jump(0.5)
    assert len(await evening.table()) == count
    assert sum(event.lease_until == 0 for event in await evening.table()) == 20
    evening.workers.let_go()
    for _ in range(60):
        await evening.clock.jump(1)
    assert len(evening.workers.jobs) == count
    assert await evening.table() == []
    await evening.later.stop(0)


async def test_an_event_without_its_script_is_dropped_unless_a_script_is_out_of_order(evening: Evening) -> None:
    evening.serve(broken={"a.py": "a.py:1: no"})
    await evening.store.agenda.settle(done=[], kept=[an_event(1, payload=evening.payload())])
    evening.workers.let_go()
    await evening.later.start(only_here=True)
    await evening.clock.jump(200)
    assert [event.id for event in await evening.table()] == [1]
    evening.serve("SendMessages")
    await evening.clock.jump(70)
    assert len(evening.workers.jobs) == 1
    evening.serve()
    await evening.store.agenda.settle(done=[], kept=[an_event(2, payload=evening.payload())])
    await evening.clock.jump(5)
    assert (len(evening.workers.jobs), await evening.table()) == (1, [])
    await evening.later.stop(0)


async def test_an_event_that_cannot_be_read_or_was_taken_up_too_often_is_told_and_dropped(
    evening: Evening, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [an_event(1, payload=b"from another key"), an_event(2, payload=evening.payload(), attempts=10)]
    await evening.store.agenda.settle(done=[], kept=events)
    await evening.later.start(only_here=True)
    await evening.clock.jump(2)
    assert (evening.workers.jobs, await evening.table()) == ([], [])
    told = capsys.readouterr().out
    assert "cannot be read any more" in told
    assert "taken up too often" in told
    await evening.later.stop(0)


async def test_while_the_store_is_away_nothing_is_forgotten(evening: Evening) -> None:
    await evening.later.start(only_here=True)
    due = evening.later.due("SendMessages", 1, PAYLOAD)
    await evening.store.agenda.settle(done=[], kept=[due])
    evening.workers.let_go()
    evening.store._tables._closed = True
    evening.later.put(due, PAYLOAD, kept=True, changed=False)
    await evening.clock.jump(5)
    assert len(evening.workers.jobs) == 1
    evening.store._tables._closed = False
    await evening.clock.jump(5)
    assert await evening.table() == []
    await evening.later.stop(0)


async def test_a_fault_of_the_store_that_no_port_should_have_stops_none_of_the_rounds(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    evening = Evening(clock, store)
    agenda = Flaky(store.agenda)
    pool: Any = evening.workers
    later = Later(agenda, pool, evening.shelf, OpenSealer(), clock, lambda job: None)  # type: ignore[arg-type]
    for method in ("settle", "claim", "renew"):
        agenda.choke(method, on=lambda *arguments, **named: True)
    evening.workers.let_go()
    await later.start(only_here=False)
    later.put(later.due("SendMessages", 1, PAYLOAD), PAYLOAD, kept=True, changed=False)
    await clock.jump(11)
    agenda.heal()

    await store.agenda.settle(done=[], kept=[an_event(1, lease_until=0, payload=evening.payload())])
    await clock.jump(2)

    assert len(evening.workers.jobs) == 2
    assert await evening.table() == []
    await later.stop(0)


async def test_what_goes_back_to_the_table_goes_with_what_after_added_even_when_that_was_written_long_ago(
    evening: Evening,
) -> None:
    await evening.later.start(only_here=True)
    due = evening.later.due("SendMessages", 1, PAYLOAD)
    await evening.store.agenda.settle(done=[], kept=[due])
    joined = Payload(PAYLOAD.who, b"{}", b"[7]", {})
    evening.later.put(due, joined, kept=True, changed=True)
    await evening.clock.jump(5)
    await evening.later.stop(0)
    [row] = await evening.table()
    opened = msgspec.msgpack.decode(OpenSealer().open(row.payload, context="script.event"), type=Payload)
    assert (row.lease_until, opened) == (0, joined)
