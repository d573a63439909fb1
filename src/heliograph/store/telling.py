"""Keeps the triggers that write events down in step with what the endpoints want to be told.

A trigger that nobody needs is not there. Whatever process changes an endpoint changes the triggers in the same
transaction, and every other process meets them with its next transaction, because they are in the file.
"""

from __future__ import annotations

import apsw
import msgspec

from heliograph.core.webhooks import EventType, all_types
from heliograph.store import rows
from heliograph.store.queries import SQL, parse, script

#: Which types each trigger writes down.
WRITES: dict[str, frozenset[EventType]] = {
    "told_message": frozenset({EventType.MESSAGE_ACCEPTED, EventType.MESSAGE_RECEIVED}),
    "told_move": frozenset(type for type in EventType if type.startswith("delivery.")),
    "told_birth": frozenset({EventType.DELIVERY_FAILED}),
    "told_answer": frozenset({EventType.MESSAGE_REPLIED}),
}
TRIGGERS = parse(script("events.sql"))

_pairs = msgspec.json.Decoder(list[tuple[int, str]]).decode


def keep_in_step(connection: apsw.Connection) -> None:
    """Within a transaction that may have changed an endpoint. What is right already is not written again."""
    wishes = _wishes(connection)
    if wishes != _wanted(connection):
        connection.execute(SQL["unwant"])
        connection.execute(SQL["want"], (rows.text(sorted(wishes)),))
    needed = {type for _, type in wishes}
    for name, types in WRITES.items():
        _put(connection, name, TRIGGERS[name] if needed & types else None)


def catch_up(connection: apsw.Connection) -> None:
    """When the database is opened: another version of the program may have left other triggers."""
    if not _in_step(connection):
        connection.execute("BEGIN IMMEDIATE")
        try:
            keep_in_step(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _in_step(connection: apsw.Connection) -> bool:
    wishes = _wishes(connection)
    needed = {type for _, type in wishes}
    there = all(
        connection.execute(SQL["trigger_text"], (name,)).get == (TRIGGERS[name] if needed & types else None)
        for name, types in WRITES.items()
    )
    return there and wishes == _wanted(connection)


def _put(connection: apsw.Connection, name: str, text: str | None) -> None:
    there = connection.execute(SQL["trigger_text"], (name,)).get
    if there == text:
        return
    if there is not None:
        connection.execute(f"DROP TRIGGER {name}")
    if text is not None:
        connection.execute(text)


def _wishes(connection: apsw.Connection) -> set[tuple[int, str]]:
    return set(_pairs(connection.execute(SQL["webhook_wishes"], (rows.text(list(all_types())),)).get))


def _wanted(connection: apsw.Connection) -> set[tuple[int, str]]:
    return set(_pairs(connection.execute(SQL["webhook_wanted"]).get))
