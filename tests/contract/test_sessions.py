"""What every store promises of operators' sign-ins."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from heliograph.core.operators import Session, Sessions
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio

ANNA = Session(
    id=0,
    hash=b"h" * 32,
    name="Anna",
    associate_id=101,
    company_id=1,
    ticket=b"t" * 32,
    opened_at=NOON,
    seen_at=NOON,
    ends_at=NOON + 1000,
)
LINK = replace(ANNA, hash=b"l" * 32, associate_id=None, company_id=None, ticket=b"", name="command line")


async def test_a_session_is_found_by_its_hash_until_it_is_closed(sessions: Sessions) -> None:
    anna = await sessions.open_session(ANNA)
    link = await sessions.open_session(LINK)
    assert await sessions.session(ANNA.hash) == anna == replace(ANNA, id=anna.id)
    assert await sessions.session(LINK.hash) == link
    assert await sessions.sessions() == [anna, link]
    assert await sessions.session(b"other") is None
    assert await sessions.close_session(anna.id)
    assert not await sessions.close_session(anna.id)
    assert await sessions.session(ANNA.hash) is None
    assert (await sessions.open_session(ANNA)).id > link.id, "no number is given twice"


async def test_a_session_tells_when_it_was_last_used(sessions: Sessions) -> None:
    anna = await sessions.open_session(ANNA)
    await sessions.saw_session(anna.id, at=NOON + 5)
    assert await sessions.session(ANNA.hash) == replace(anna, seen_at=NOON + 5)
    await sessions.saw_session(99, at=NOON + 5)


async def test_a_link_lets_one_in_once(sessions: Sessions) -> None:
    await sessions.put_link(b"once", ends_at=NOON + 10)
    assert not await sessions.take_link(b"other", now=NOON)
    told = await asyncio.gather(*(sessions.take_link(b"once", now=NOON) for _ in range(5)))
    assert sorted(told) == [False, False, False, False, True]


async def test_a_link_that_is_too_old_lets_nobody_in(sessions: Sessions) -> None:
    await sessions.put_link(b"late", ends_at=NOON)
    assert not await sessions.take_link(b"late", now=NOON)


async def test_what_has_ended_is_forgotten(sessions: Sessions) -> None:
    ended = await sessions.open_session(replace(ANNA, ends_at=NOON))
    idle = await sessions.open_session(replace(LINK, hash=b"i" * 32, seen_at=NOON - 10))
    kept = await sessions.open_session(LINK)
    await sessions.put_link(b"old", ends_at=NOON)
    assert await sessions.prune_sessions(now=NOON, idle_since=NOON - 5) == 2
    assert await sessions.sessions() == [kept]
    assert ended.id != idle.id
    assert await sessions.prune_sessions(now=NOON, idle_since=NOON - 5) == 0
