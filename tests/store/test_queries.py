"""The statements: named, each with its sentence, each in use, and those that must be quick found by an index."""

from __future__ import annotations

import re
from pathlib import Path

import apsw
import pytest

import heliograph.store
from heliograph.store import standbys, telling
from heliograph.store.queries import SQL, parse, script

SOURCES = "\n".join(file.read_text() for file in Path(heliograph.store.__path__[0]).rglob("*.py"))

#: Statements that run often or over a large table, and the index each must be answered from.
INDEXED = {
    "due": "delivery_due",
    "next_due": "delivery_due",
    "lapse": "delivery_leased",
    "overdue": "delivery_due",
    "finished": "message_by_age",
    "messages_aside": "delivery_aside",
    "backlog": "delivery_aside",
    "until": "message_by_age",
    "search": "delivery_by_message",
    "deliveries": "delivery_by_message",
    "known": "delivery_by_provider",
    "follow_ups": "message_by_parent",
    "session": "message_by_session",
    "sent_to": "delivery_to_outside",
    "user_by_name": "person_by_name",
    "user_by_email": "person_by_email",
    "user_by_external_id": "person_by_external_id",
    "devices": "device_by_owner",
    "devices_unseen": "device_by_age",
    "prune_devices": "device_by_age",
    "forget_token": "device_by_handle",
    "move_token": "device_by_handle",
    "lift": "suppression_by_address",
    "prune_tickets": "ticket_by_end",
    "items": "inbox_item_by_owner",
    "items_after": "inbox_item_by_owner",
    "unread": "inbox_item_unread",
    "prune_items": "inbox_item_by_age",
    "find_people": "VIRTUAL TABLE INDEX",
    "look_through_people": "person_by_company",
    "people_by_email": "person_by_email",
    "people_by_external_id": "person_by_external_id",
    "known_parts": "part_by_provider",
    "doubtful_parts": "part_in_doubt",
    "forget_old_notes": "note_by_end",
}


def plan(connection: apsw.Connection, name: str) -> str:
    numbers = {int(number) for number in re.findall(r"\?(\d+)", SQL[name])}
    many = max(numbers, default=SQL[name].count("?"))
    rows = connection.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", (None,) * many)
    return "\n".join(str(row[3]) for row in rows)


def test_every_statement_has_a_sentence_over_it() -> None:
    for piece in re.split(r"^-- \w+ --\n", script("queries.sql"), flags=re.MULTILINE)[1:]:
        assert re.match(r"-- [A-Z].*\.\n", piece), piece[:80]


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="there twice"):
        parse("-- one --\n-- A.\nSELECT 1;\n-- one --\n-- B.\nSELECT 2;")


@pytest.mark.parametrize("name", SQL)
def test_every_statement_is_in_use(name: str) -> None:
    assert f'"{name}"' in SOURCES


@pytest.mark.parametrize("name", INDEXED)
def test_a_statement_over_a_large_table_is_answered_from_its_index(writing: apsw.Connection, name: str) -> None:
    assert INDEXED[name] in plan(writing, name)
    writing.close()


@pytest.mark.parametrize("name", ["due", "lapse", "finished", "items_after", "prune_items"])
def test_what_is_asked_in_bites_is_never_sorted_first(writing: apsw.Connection, name: str) -> None:
    steps = plan(writing, name).splitlines()
    writing.close()
    sorts = [step for step in steps if "TEMP B-TREE FOR ORDER BY" in step]
    assert sorts == []


def test_what_is_asked_of_every_row_written_holds_no_list_after_not_in(writing: apsw.Connection) -> None:
    """SQLite makes a table of such a list for each row: a microsecond and a half where a comparison takes a fraction."""
    indexes = [
        str(row[0]) for row in writing.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql <> ''")
    ]
    writing.close()
    triggers = [text.partition("\nBEGIN")[0] for text in (*telling.TRIGGERS.values(), *standbys.TRIGGERS.values())]
    assert len(indexes) > 20
    assert len(triggers) > 4
    assert [text for text in indexes + triggers if "NOT IN" in text] == []
