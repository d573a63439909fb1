"""What every store promises of notes."""

from __future__ import annotations

import pytest

from heliograph.core.notes import Note, Notes
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


def note(key: str, value: bytes = b"", *, owner: str = "sms", kind: str = "receipt", until: int = NOON + 1000) -> Note:
    return Note(owner=owner, kind=kind, key=key, value=value, until=until)


async def test_a_note_is_found_by_the_beginning_of_its_key(notes: Notes) -> None:
    kept = [note("a/1", bytes(range(256))), note("a/2"), note("b/1"), note("\U0010fffe")]
    await notes.put(kept, now=NOON)
    await notes.put([note("a/3", owner="other"), note("a/4", kind="text")], now=NOON)
    assert await notes.find("sms", "receipt") == kept
    assert await notes.find("sms", "receipt", "a/") == kept[:2]
    assert await notes.find("sms", "receipt", limit=1) == kept[:1]
    assert await notes.find("sms", "receipt", "%") == []


async def test_a_note_takes_the_place_of_the_one_with_its_key(notes: Notes) -> None:
    await notes.put([note("a", b"1")], now=NOON)
    await notes.put([note("a", b"2")], now=NOON)
    assert [n.value for n in await notes.find("sms", "receipt")] == [b"2"]


async def test_what_is_over_is_found_until_something_else_is_noted(notes: Notes) -> None:
    await notes.put([note("old"), note("other", kind="text")], now=NOON)
    later = NOON + 2000
    assert len(await notes.find("sms", "receipt")) == 1
    await notes.put([note("new", until=later + 1)], now=later)
    assert [n.key for n in await notes.find("sms", "receipt")] == ["new"]
    assert len(await notes.find("sms", "text")) == 1


async def test_what_is_over_is_removed_a_bite_at_a_time_whoevers_it_is(notes: Notes) -> None:
    await notes.put(
        [note("a"), note("b", owner="other"), note("c", kind="text"), note("d", until=NOON + 5000)], now=NOON
    )
    assert await notes.prune_notes(now=NOON, limit=10) == 0
    assert [await notes.prune_notes(now=NOON + 1000, limit=2) for _ in range(3)] == [2, 1, 0]
    assert [n.key for n in await notes.find("sms", "receipt")] == ["d"]


async def test_what_is_forgotten_is_gone_and_may_be_forgotten_twice(notes: Notes) -> None:
    await notes.put([note("a"), note("b")], now=NOON)
    await notes.forget([note("a"), note("nobody")])
    await notes.forget([note("a")])
    await notes.forget([])
    assert [n.key for n in await notes.find("sms", "receipt")] == ["b"]
