"""What every store promises of answers that are kept for repetitions."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from heliograph.core.errors import Conflict
from heliograph.core.ports import Outbox, Replays
from heliograph.core.replay import Replay
from heliograph.testing.builders import DAY_MS, a_replay, an_acceptance
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


async def found(replays: Replays, key: str = "key-1", now: int = NOON) -> Replay | None:
    return await replays.find(1, "user 101", key, now=now)


async def test_a_replay_is_kept_with_the_call_it_belongs_to(outbox: Outbox, replays: Replays) -> None:
    kept = a_replay(answer=bytes(range(256)))
    await outbox.accept(replace(an_acceptance(), replay=kept))
    assert await found(replays) == kept


async def test_a_replay_is_not_kept_when_its_call_is_not(outbox: Outbox, replays: Replays) -> None:
    await outbox.accept(an_acceptance())
    with pytest.raises(Conflict, match="message id"):
        await outbox.accept(replace(an_acceptance(), replay=a_replay()))
    assert await found(replays) is None


async def test_a_call_is_not_kept_when_its_key_is_taken(outbox: Outbox, replays: Replays) -> None:
    await outbox.accept(replace(an_acceptance(), replay=a_replay()))
    with pytest.raises(Conflict, match="idempotency key"):
        await outbox.accept(replace(an_acceptance(first=2), replay=a_replay(answer=b"second")))
    assert await outbox.message(2) is None
    assert await found(replays) == a_replay()


async def test_of_calls_with_one_key_at_the_same_moment_one_is_kept(outbox: Outbox, replays: Replays) -> None:
    calls = [outbox.accept(replace(an_acceptance(first=n), replay=a_replay())) for n in range(1, 21)]
    others = [outbox.accept(an_acceptance(first=n)) for n in range(21, 41)]
    done = await asyncio.gather(*calls, *others, return_exceptions=True)
    assert done.count(None) == 21
    assert sum(isinstance(error, Conflict) for error in done) == 19
    assert len(await outbox.messages(company_id=None, state=None, before_id=None, limit=100)) == 21


async def test_another_callers_and_another_companys_equal_key_is_another(outbox: Outbox, replays: Replays) -> None:
    others = [a_replay(), a_replay(caller="key"), a_replay(company_id=2), a_replay("key-2")]
    for n, replay in enumerate(others, start=1):
        await outbox.accept(replace(an_acceptance(first=n), replay=replay))
    for replay in others:
        assert await replays.find(replay.company_id, replay.caller, replay.key, now=NOON) == replay
    assert await replays.find(2, "key", "key-1", now=NOON) is None


async def test_an_expired_key_is_as_good_as_new(outbox: Outbox, replays: Replays) -> None:
    await outbox.accept(replace(an_acceptance(), replay=a_replay()))
    assert await found(replays, now=NOON + DAY_MS - 1) is not None
    assert await found(replays, now=NOON + DAY_MS) is None
    again = a_replay(created_at=NOON + DAY_MS, expires_at=NOON + 2 * DAY_MS, answer=b"again")
    await outbox.accept(replace(an_acceptance(first=2), replay=again))
    assert await found(replays, now=NOON + DAY_MS) == again


async def test_a_revised_answer_stands_in_the_place_of_the_first(outbox: Outbox, replays: Replays) -> None:
    await outbox.accept(replace(an_acceptance(), replay=a_replay()))
    await replays.revise(a_replay(answer=b"newer"))
    await replays.revise(a_replay("never-kept"))
    assert await found(replays) == a_replay(answer=b"newer")
    assert await found(replays, "never-kept") is None


async def test_expired_keys_are_removed_the_oldest_first_and_no_more_than_asked_for(
    outbox: Outbox, replays: Replays
) -> None:
    for n, end in enumerate([5, 3, 9, 100], start=1):
        await outbox.accept(replace(an_acceptance(first=n), replay=a_replay(f"key-{end}", expires_at=NOON + end)))
    assert await replays.prune_replays(now=NOON + 9, limit=2) == 2
    assert await found(replays, "key-9") is not None
    assert await replays.prune_replays(now=NOON + 9, limit=9) == 1
    assert await replays.prune_replays(now=NOON + 9, limit=9) == 0
    assert await found(replays, "key-100") is not None
