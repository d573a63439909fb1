"""Brings a database file to the schema of this program, one numbered step and one transaction at a time."""

from __future__ import annotations

import re
from importlib import resources

import apsw

from heliograph.core.errors import WrongSchema

_FILE = re.compile(r"(\d{4})_\w+\.sql")


def steps() -> dict[int, str]:
    """The migrations that ship with this program, by number from 1."""
    found: dict[int, str] = {}
    for file in resources.files("heliograph.store").joinpath("migrations").iterdir():
        if match := _FILE.fullmatch(file.name):
            found[int(match[1])] = file.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def version(connection: apsw.Connection) -> int:
    """The number of the last step that this file has seen; 0 for an empty file."""
    return int(connection.pragma("user_version"))


def migrate(connection: apsw.Connection) -> int:
    """Apply what is missing; the version reached.

    Several processes may start at once: each step looks again under the write lock.
    Raises WrongSchema when the file was written by a newer program.
    """
    known = steps()
    newest = max(known)
    _refuse_newer(version(connection), newest)
    for number, script in known.items():
        if version(connection) < number:
            apply_step(connection, number, script)
    reached = version(connection)
    _refuse_newer(reached, newest)
    return reached


def apply_step(connection: apsw.Connection, number: int, script: str) -> None:
    """Run one step and note its number, in one transaction; nothing when another process was quicker."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version(connection) < number:
            connection.execute(script)
            connection.pragma("user_version", number)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _refuse_newer(found: int, newest: int) -> None:
    if found > newest:
        raise WrongSchema(
            f"The database has schema {found} and this program knows up to {newest}: "
            "run the newer program that wrote it, or restore a backup made before the upgrade."
        )
