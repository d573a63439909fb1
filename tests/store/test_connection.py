"""A connection is as durable as promised, and SQLite's errors become the port's."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from heliograph.core.errors import Conflict, Unavailable
from heliograph.core.lifecycle import MOVES, SPENT
from heliograph.store.connection import MACHINE_ERRORS, connect, furnish_reader, mapped, translated


def test_every_connection_waits_for_the_disk_and_overwrites_what_it_deletes(writing: apsw.Connection) -> None:
    assert writing.pragma("journal_mode") == "wal"
    assert writing.pragma("synchronous") == 2  # FULL
    assert writing.pragma("secure_delete") == 1
    writing.close()


def test_the_lifecycle_table_in_the_database_is_the_one_in_core(writing: apsw.Connection) -> None:
    loaded = set(writing.execute("SELECT state, happening, next, spent FROM moves"))
    writing.close()
    assert loaded == {
        (state, happening, to, int(to in SPENT)) for state, moves in MOVES.items() for happening, to in moves.items()
    }


def test_a_reading_connection_cannot_write(writing: apsw.Connection, path: Path) -> None:
    reading = connect(path)
    furnish_reader(reading)
    with pytest.raises(apsw.ReadOnlyError):
        reading.execute("DELETE FROM company")
    reading.close()
    writing.close()


@pytest.mark.parametrize("kind", MACHINE_ERRORS)
def test_each_error_of_the_machine_is_unavailable(kind: type[apsw.Error]) -> None:
    meant = mapped(kind("as SQLite says it"))
    assert isinstance(meant, Unavailable)
    assert "as SQLite says it" in meant.detail


def test_an_error_of_the_program_stays_what_it_is(writing: apsw.Connection) -> None:
    with pytest.raises(apsw.SQLError), translated():
        writing.execute("SELECT nothing FROM nowhere")
    with pytest.raises(apsw.ConstraintError), translated():
        writing.execute("INSERT INTO company VALUES (1, NULL, '', 1, 0)")
    writing.close()


def test_a_value_that_stands_only_once_is_a_conflict(writing: apsw.Connection) -> None:
    writing.execute("INSERT INTO company VALUES (1, 'one', '', 1, 0)")
    with pytest.raises(Conflict, match="company id"), translated():
        writing.execute("INSERT INTO company VALUES (1, 'two', '', 1, 0)")
    writing.close()
