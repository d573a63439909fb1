"""What every store promises of what has been used of quotas."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from heliograph.core.delivery import Acceptance
from heliograph.core.errors import Conflict
from heliograph.core.moments import HOUR_MS
from heliograph.core.ports import Outbox
from heliograph.core.usage import WINDOWS, Span, Usage, Used
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio

HOUR = Used(company_id=1, scope="company", starts_at=NOON, ends_at=NOON + HOUR_MS, units=2)
OTHERS = (replace(HOUR, company_id=2), replace(HOUR, scope="channel:sms"), replace(HOUR, starts_at=NOON - 1))


def taking(*usage: Used, first: int = 1) -> Acceptance:
    accepted = an_acceptance(first=first)
    return Acceptance(messages=accepted.messages, deliveries=accepted.deliveries, usage=usage)


async def test_what_calls_take_adds_up_by_company_scope_and_window(outbox: Outbox, usage: Usage) -> None:
    assert await usage.used([HOUR, *OTHERS]) == [0, 0, 0, 0]
    await outbox.accept(taking(HOUR, OTHERS[0]))
    await outbox.accept(taking(replace(HOUR, units=5), first=2))
    assert await usage.used([*OTHERS, HOUR]) == [2, 0, 0, 7]
    assert await usage.usage(1, now=NOON) == [replace(HOUR, units=7)]
    assert await usage.usage(1, now=NOON + HOUR_MS) == []


async def test_a_call_that_is_not_kept_takes_nothing(outbox: Outbox, usage: Usage) -> None:
    await outbox.accept(taking(HOUR))
    with pytest.raises(Conflict):
        await outbox.accept(taking(HOUR))
    assert await usage.used([HOUR]) == [2]


async def test_windows_that_ended_are_forgotten(outbox: Outbox, usage: Usage) -> None:
    await outbox.accept(taking(HOUR, replace(HOUR, ends_at=NOON + 2 * HOUR_MS)))
    assert await usage.prune_usage(before=NOON + HOUR_MS - 1, limit=9) == 0
    assert await usage.prune_usage(before=NOON + HOUR_MS, limit=9) == 1
    assert [used.ends_at for used in await usage.usage(1, now=NOON)] == [NOON + 2 * HOUR_MS]


@pytest.mark.parametrize(
    ("now", "month"),
    [
        (1_795_262_400_000, (1_793_491_200_000, 1_796_083_200_000)),  # 2026-11-21T12:00Z: November
        (1_798_761_599_999, (1_796_083_200_000, 1_798_761_600_000)),  # the last moment of 2026: December
        (1_798_761_600_000, (1_798_761_600_000, 1_801_440_000_000)),  # the first of 2027: January
    ],
)
def test_a_window_is_the_hour_the_day_and_the_month_of_utc(now: int, month: tuple[int, int]) -> None:
    assert WINDOWS[Span.MONTH](now) == month
    for span, length in ((Span.HOUR, HOUR_MS), (Span.DAY, 24 * HOUR_MS)):
        starts_at, ends_at = WINDOWS[span](now)
        assert starts_at % length == 0
        assert starts_at <= now < ends_at == starts_at + length
