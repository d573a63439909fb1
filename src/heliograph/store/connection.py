"""Opens the database file, and says what SQLite's errors mean for a caller."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from heliograph.core.errors import Conflict, OperatorError, Unavailable
from heliograph.core.lifecycle import MOVES, SPENT
from heliograph.store.queries import script

BUSY_MS = 5_000  # how long one process waits for another's transaction
CHECKPOINT_BUSY_MS = 250  # how long a checkpoint waits for other processes to read on; commits wait with it
FIRST_SOUND_SQLITE = (3, 51, 3)  # before it, a checkpoint beside a commit could corrupt the file (WAL reset)
_CACHE_KIB = 65_536

#: Errors of the machine, not of the statement: whatever is tried next will meet them too.
MACHINE_ERRORS = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.NoMemError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.ProtocolError,
    apsw.PermissionsError,
    apsw.ConnectionClosedError,
)
_TAKEN = (apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY, apsw.SQLITE_CONSTRAINT_ROWID)

#: What to call the columns whose values may stand only once.
_UNIQUE = {
    "company.id": "company id",
    "person.associate_id": "associate id",
    "person.user_id": "user id",
    "person.name_folded": "user name",
    "person.external_id": "external id",
    "message.id": "message id",
    "delivery.id": "delivery id",
    "due_event.id": "event id",
    "idempotency.key": "idempotency key",
    "user_group.group_id": "group id",
    "user_group.name_folded": "group name",
    "user_group.external_id": "external id",
    "application.name": "application name",
}


def prepare_file(path: Path) -> None:
    """Make the folder (0700) and the file (0600) where they are missing; SQLite gives its side files the file's mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def check_version() -> None:
    """Raises OperatorError when the SQLite library has the WAL-reset fault."""
    found = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if found < FIRST_SOUND_SQLITE:
        wanted = ".".join(map(str, FIRST_SOUND_SQLITE))
        raise OperatorError(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt a busy database; {wanted} or newer is needed."
        )


def connect(path: Path, *, busy_ms: int = BUSY_MS) -> apsw.Connection:
    """A connection with the store's pragmas; checkpoints are left to the checkpointer."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=200)
    connection.set_busy_timeout(busy_ms)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "FULL")
    connection.pragma("secure_delete", "ON")  # what retention removes must be gone; measured: no cost on accepting
    connection.pragma("wal_autocheckpoint", 0)
    connection.pragma("temp_store", "MEMORY")
    connection.pragma("cache_size", -_CACHE_KIB)
    return connection


def furnish_reader(connection: apsw.Connection) -> None:
    """Give a connection the views that read rows as nouns, and no right to write."""
    connection.execute(script("nouns.sql"))
    connection.pragma("query_only", "ON")


def furnish_writer(connection: apsw.Connection) -> None:
    """Give the writer's connection the views, the lifecycle table and the batch; raises OperatorError if it cannot work."""
    connection.execute(script("nouns.sql"))
    connection.execute(script("batch.sql"))
    rows = [(state, happening, to, to in SPENT) for state, moves in MOVES.items() for happening, to in moves.items()]
    connection.executemany("INSERT INTO moves VALUES (?, ?, ?, ?)", rows)
    connection.create_scalar_function("folded", lambda *texts: str(texts[0]).casefold(), 1, deterministic=True)
    connection.execute(script("names.sql"))
    _probe(connection)


def _probe(connection: apsw.Connection) -> None:
    """The batch hands arrays through a trigger, which SQLite does but does not promise: refuse to serve if it stops."""
    connection.execute(
        """
        CREATE TEMP TABLE probed (value TEXT);
        CREATE TEMP VIEW probe AS SELECT NULL AS texts;
        CREATE TEMP TRIGGER probe_applied INSTEAD OF INSERT ON probe
        BEGIN INSERT INTO probed SELECT value FROM carray(NEW.texts); END;
        """
    )
    connection.execute("INSERT INTO probe VALUES (?)", (apsw.carray(("one", "two")),))
    arrived = connection.execute("SELECT count(*) FROM probed").get
    connection.execute("DROP VIEW probe; DROP TABLE probed;")
    if arrived != 2:
        raise OperatorError(f"SQLite {apsw.sqlite_lib_version()} loses arrays in triggers: this program cannot use it.")


def mapped(error: BaseException) -> BaseException:
    """The error a caller of a store port may see for one of SQLite's."""
    if isinstance(error, MACHINE_ERRORS):
        return Unavailable(f"The store cannot do this right now: {type(error).__name__}: {error}.")
    if isinstance(error, apsw.ConstraintError) and getattr(error, "extendedresult", 0) in _TAKEN:
        named = [word for column, word in _UNIQUE.items() if column in str(error)]
        return Conflict(f"This {named[0]} is taken." if named else "This is there already.")
    return error


@contextmanager
def translated() -> Iterator[None]:
    """Raise SQLite's errors as the port's: Unavailable for the machine's, Conflict for what is taken."""
    try:
        yield
    except apsw.Error as error:
        meant = mapped(error)
        if meant is error:
            raise
        raise meant from error
