"""Migrations: numbered, each whole or not at all, and the same for whoever runs them first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from heliograph.store.connection import connect, prepare_file
from heliograph.store.migrate import apply_step, migrate, steps, version


@pytest.fixture
def empty(path: Path) -> Iterator[apsw.Connection]:
    prepare_file(path)
    connection = connect(path)
    yield connection
    connection.close()


def tables(connection: apsw.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_the_steps_are_numbered_from_one_without_a_gap() -> None:
    assert list(steps()) == list(range(1, len(steps()) + 1))


def test_an_empty_file_gets_every_table_of_the_store(empty: apsw.Connection) -> None:
    assert version(empty) == 0
    assert migrate(empty) == max(steps())
    assert tables(empty) >= {
        *("company", "person", "device", "suppression", "ticket"),
        *("message", "delivery", "attempt", "inbox_item", "idempotency", "sequence"),
    }


def test_a_second_time_changes_nothing(empty: apsw.Connection) -> None:
    migrate(empty)
    before = empty.execute("SELECT group_concat(sql) FROM sqlite_schema").get
    assert migrate(empty) == version(empty)
    assert empty.execute("SELECT group_concat(sql) FROM sqlite_schema").get == before


def test_a_step_that_fails_half_way_leaves_the_file_as_it_was(empty: apsw.Connection) -> None:
    with pytest.raises(apsw.SQLError):
        apply_step(empty, 1, "CREATE TABLE half (id INTEGER); CREATE TABLE broken (;")
    assert version(empty) == 0
    assert tables(empty) == set()
    assert migrate(empty) == max(steps())


def test_processes_that_start_at_once_migrate_once(path: Path) -> None:
    prepare_file(path)
    reached: list[int] = []
    connections = [connect(path) for _ in range(4)]
    threads = [threading.Thread(target=lambda c=c: reached.append(migrate(c))) for c in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reached == [max(steps())] * 4
    for connection in connections:
        connection.close()
