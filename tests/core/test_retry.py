"""The retry arithmetic, for every policy and outcome that can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.core.lifecycle import Happening
from heliograph.core.message import Message
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused
from heliograph.core.retry import RETRY_AFTER_MAX, RETRY_AFTER_MIN, RetryPolicy, ceiling, decide, wait
from heliograph.testing.builders import a_message, a_push

NOW = 1_000_000
policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 20),
    first=st.floats(0.1, 60),
    cap=st.floats(60, 7200),
    factor=st.floats(1.1, 4),
    schedule=st.one_of(st.just(()), st.lists(st.floats(0.1, 40_000), min_size=1, max_size=8).map(tuple)),
    resend_in_doubt=st.booleans(),
)
jitters = st.floats(0, 1, exclude_max=True)
deferrals = st.builds(
    Deferred,
    detail=st.just("busy"),
    retry_after=st.one_of(st.none(), st.floats(0, 1e6)),
    in_doubt=st.booleans(),
    lane=st.booleans(),
    pause=st.sampled_from(["", "the key was revoked"]),
    charged=st.booleans(),
)


@given(policies, deferrals, st.integers(1, 30), jitters)
def test_a_retry_never_comes_before_the_providers_own_wish(
    policy: RetryPolicy, outcome: Deferred, attempt: int, jitter: float
) -> None:
    seconds = wait(policy, attempt, outcome, jitter)
    if outcome.retry_after is not None:
        asked = min(max(outcome.retry_after, RETRY_AFTER_MIN), RETRY_AFTER_MAX)
        assert asked <= seconds <= max(2 * asked, ceiling(policy, attempt) * 1.1 if policy.schedule else 0)
    else:
        assert 0 <= seconds <= ceiling(policy, attempt) * 1.1


@given(policies, st.integers(1, 100))
def test_the_ceiling_grows_and_never_beyond_the_cap(policy: RetryPolicy, attempt: int) -> None:
    if policy.schedule:
        assert ceiling(policy, attempt) in policy.schedule
    else:
        assert ceiling(policy, attempt) <= ceiling(policy, attempt + 1) <= max(policy.cap, policy.first)


@given(policies, deferrals, st.integers(1, 30), jitters, st.integers(NOW - 1000, NOW + 10**8))
def test_nothing_is_ever_due_once_its_time_to_live_is_over(
    policy: RetryPolicy, outcome: Deferred, attempt: int, jitter: float, expires_at: int
) -> None:
    decision = decide(policy, outcome, attempt=attempt, now=NOW, expires_at=expires_at, jitter=jitter)
    if decision.happening is Happening.DEFERRED:
        assert decision.due_at is not None
        assert NOW <= decision.due_at < expires_at
    else:
        assert decision.due_at is None


@given(policies, deferrals, jitters)
def test_attempts_are_bounded_unless_our_set_up_is_to_blame_or_the_provider_bears_no_more(
    policy: RetryPolicy, outcome: Deferred, jitter: float
) -> None:
    decision = decide(policy, outcome, attempt=policy.attempts, now=NOW, expires_at=None, jitter=jitter)
    if outcome.in_doubt and not policy.resend_in_doubt:
        assert decision.happening is Happening.REFUSED
    elif outcome.pause or not outcome.charged:
        assert decision.happening is Happening.DEFERRED
        assert decision.refund
    else:
        assert decision.happening is Happening.EXHAUSTED


@given(policies, deferrals, st.integers(1, 30), jitters)
def test_what_may_have_arrived_is_not_sent_again_where_the_far_side_would_not_notice(
    policy: RetryPolicy, outcome: Deferred, attempt: int, jitter: float
) -> None:
    decision = decide(policy, outcome, attempt=attempt, now=NOW, expires_at=None, jitter=jitter)
    if outcome.in_doubt and not policy.resend_in_doubt:
        assert decision.happening is Happening.REFUSED
        assert "in doubt" in decision.detail


def test_full_jitter_spreads_waits_over_the_whole_range() -> None:
    policy = RetryPolicy(first=8.0)
    waits = [wait(policy, 1, Deferred("busy"), n / 1000) for n in range(1000)]
    assert min(waits) == 0
    assert max(waits) > 7.9
    assert sum(w < 4 for w in waits) == 500


def test_a_wish_to_be_asked_sooner_does_not_hasten_a_fixed_schedule() -> None:
    policy = RetryPolicy(schedule=(5.0, 300.0))
    assert wait(policy, 2, Deferred("busy", retry_after=1.0), 0.5) == pytest.approx(300.0)
    assert wait(policy, 1, Deferred("busy", retry_after=60.0), 0.5) == pytest.approx(65.0)


def test_a_fixed_schedule_is_followed_and_its_last_wait_repeats() -> None:
    policy = RetryPolicy(schedule=(5.0, 300.0))
    assert [ceiling(policy, attempt) for attempt in (1, 2, 3, 9)] == [5.0, 300.0, 300.0, 300.0]
    assert 4.5 <= wait(policy, 1, Deferred("busy"), 0.99) <= 5.5


@pytest.mark.parametrize(
    ("outcome", "happening"),
    [
        (Accepted(), Happening.ACCEPTED),
        (Accepted(delivered=True), Happening.ARRIVED),
        (Refused("no"), Happening.REFUSED),
        (Gone("dead"), Happening.REFUSED),
    ],
)
def test_a_final_answer_settles_at_once(outcome: Accepted | Refused | Gone, happening: Happening) -> None:
    decision = decide(RetryPolicy(), outcome, attempt=1, now=NOW, expires_at=NOW - 1, jitter=0.5)
    assert decision.happening is happening
    assert decision.due_at is None


# ---------------------------------------------------------------- the whole policy, row by row

KEY = a_message(content=a_push(data={"collapse_key": "weather"}))
NONE = a_message(content=a_push())
TEN = RetryPolicy(attempts=10, first=2.0, cap=100.0)
KNOWS = RetryPolicy(recognises=lambda message: message is KEY)
LOST = Deferred("lost", in_doubt=True)

#: policy, outcome, attempt, message, ms left to live; and what follows: the happening, and seconds from least to most.
POLICY: dict[str, tuple[RetryPolicy, Deferred, int, Message, int | None, Happening, tuple[float, float]]] = {
    "the first wait": (TEN, Deferred("busy"), 1, NONE, None, Happening.DEFERRED, (0, 2)),
    "the fourth wait": (TEN, Deferred("busy"), 4, NONE, None, Happening.DEFERRED, (0, 16)),
    "a wait at the cap": (TEN, Deferred("busy"), 9, NONE, None, Happening.DEFERRED, (0, 100)),
    "the last attempt": (TEN, Deferred("busy"), 10, NONE, None, Happening.EXHAUSTED, (0, 0)),
    "a wish": (TEN, Deferred("busy", retry_after=30.0), 1, NONE, None, Happening.DEFERRED, (30, 32)),
    "an absurd wish": (TEN, Deferred("busy", retry_after=1e9), 1, NONE, None, Happening.DEFERRED, (3600, 3602)),
    "a wish of nothing": (TEN, Deferred("busy", retry_after=0.0), 9, NONE, None, Happening.DEFERRED, (1, 2)),
    "a wish beyond the end": (TEN, Deferred("busy", retry_after=30.0), 1, NONE, 29_000, Happening.EXPIRED, (0, 0)),
    "our fault, at the last attempt": (TEN, Deferred("x", pause="key"), 10, NONE, None, Happening.DEFERRED, (0, 100)),
    "our fault, beyond the end": (TEN, Deferred("x", pause="key"), 10, NONE, 0, Happening.EXPIRED, (0, 0)),
    "throttled, at the last attempt": (TEN, Deferred("x", charged=False), 10, NONE, None, Happening.DEFERRED, (0, 100)),
    "in doubt, recognised": (TEN, LOST, 1, NONE, None, Happening.DEFERRED, (0, 2)),
    "in doubt, not recognised": (RetryPolicy(resend_in_doubt=False), LOST, 1, NONE, None, Happening.REFUSED, (0, 0)),
    "in doubt, this message recognised": (KNOWS, LOST, 1, KEY, None, Happening.DEFERRED, (0, 2)),
    "in doubt, this message not": (KNOWS, LOST, 1, NONE, None, Happening.REFUSED, (0, 0)),
    "not in doubt, whatever is recognised": (KNOWS, Deferred("x"), 1, NONE, None, Happening.DEFERRED, (0, 2)),
}


@pytest.mark.parametrize("row", POLICY)
def test_the_policy_decides_by_this_table(row: str) -> None:
    policy, outcome, attempt, message, left, happening, (least, most) = POLICY[row]
    for jitter in (0.0, 0.5, 0.999):
        expires_at = None if left is None else NOW + left
        decision = decide(
            policy, outcome, attempt=attempt, now=NOW, expires_at=expires_at, jitter=jitter, message=message
        )
        assert decision.happening is happening
        if decision.due_at is not None:
            assert least * 1000 <= decision.due_at - NOW <= most * 1000
