"""What an outcome means for a delivery: again, and when, or never. Pure arithmetic, one function."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from heliograph.core.lifecycle import Happening
from heliograph.core.message import Message
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused

RETRY_AFTER_MIN, RETRY_AFTER_MAX = 1.0, 3600.0  # seconds; a provider's absurd wish is clamped to this


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how patiently a channel tries again."""

    attempts: int = 10  # tries in all, the first included
    first: float = 2.0  # seconds: the ceiling of the first wait
    cap: float = 3600.0  # seconds: no ceiling grows beyond this
    factor: float = 2.0
    schedule: tuple[
        float, ...
    ] = ()  # seconds: a fixed schedule instead of the exponential one, where a standard gives one
    resend_in_doubt: bool = True  # whether the far side recognises a message it has already had
    recognises: Callable[[Message], bool] | None = None  # the same message by message, where it depends on what it says

    def resends(self, message: Message | None) -> bool:
        """Whether this message is sent again when it may have arrived already."""
        return self.resend_in_doubt and (self.recognises is None or message is None or self.recognises(message))


class Decision(msgspec.Struct, frozen=True):
    """What happens to the delivery now."""

    happening: Happening
    detail: str
    due_at: int | None = None  # ms since the epoch, for DEFERRED
    refund: bool = False  # the try is not counted


def ceiling(policy: RetryPolicy, attempt: int) -> float:
    """The longest wait in seconds after the given try (1 is the first)."""
    if policy.schedule:
        return policy.schedule[min(attempt, len(policy.schedule)) - 1]
    return float(min(policy.cap, policy.first * policy.factor ** min(attempt - 1, 64)))


def wait(policy: RetryPolicy, attempt: int, outcome: Deferred, jitter: float) -> float:
    """Seconds to wait: full jitter under the ceiling, on top of the provider's own wish, never before it.

    `jitter` is a random number in [0, 1). A fixed schedule is jittered by a tenth only, and a shorter wish does not
    hasten it: else ten answers of "in a second" would use up the attempts of three days in ten seconds.
    """
    top = ceiling(policy, attempt)
    spread = top * (0.9 + jitter * 0.2) if policy.schedule else top * jitter
    if outcome.retry_after is None:
        return spread
    asked = min(max(outcome.retry_after, RETRY_AFTER_MIN), RETRY_AFTER_MAX)
    wished = asked + min(spread, asked)
    return max(wished, spread) if policy.schedule else wished


def decide(
    policy: RetryPolicy,
    outcome: Outcome,
    *,
    attempt: int,
    now: int,
    expires_at: int | None,
    jitter: float,
    message: Message | None = None,
) -> Decision:
    """What follows from an outcome. `attempt` counts from 1; times are ms since the epoch; TTL always wins."""
    if isinstance(outcome, Accepted):
        return Decision(Happening.ARRIVED if outcome.delivered else Happening.ACCEPTED, outcome.detail)
    if isinstance(outcome, Refused | Gone):
        return Decision(Happening.REFUSED, outcome.detail)
    if outcome.in_doubt and not policy.resends(message):
        return Decision(Happening.REFUSED, f"in doubt, not sent again: {outcome.detail}")
    return _deferred(policy, outcome, attempt, now, expires_at, jitter)


def _deferred(
    policy: RetryPolicy, outcome: Deferred, attempt: int, now: int, expires_at: int | None, jitter: float
) -> Decision:
    free = bool(outcome.pause) or outcome.unreachable or not outcome.charged
    if attempt >= policy.attempts and not free:
        return Decision(Happening.EXHAUSTED, f"gave up after {attempt} attempts: {outcome.detail}")
    due = now + int(wait(policy, attempt, outcome, jitter) * 1000)
    if expires_at is not None and due >= expires_at:
        return Decision(Happening.EXPIRED, f"expired before the next attempt: {outcome.detail}")
    return Decision(Happening.DEFERRED, outcome.pause or outcome.detail, due, refund=free)
