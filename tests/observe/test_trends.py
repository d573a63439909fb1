"""The last hour, minute by minute, from looks at the counters."""

from __future__ import annotations

import pytest

from heliograph.core.events import DeliverySettled, MessageAccepted
from heliograph.core.lifecycle import State
from heliograph.core.standing import Minute
from heliograph.core.webhooks import CHANNEL
from heliograph.observe.counters import Counters
from heliograph.observe.trends import MINUTES, Trends
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


def told(minute: Minute) -> tuple[int, int, int]:
    return minute.accepted, minute.taken, minute.bad


async def test_what_happened_is_told_in_the_minute_in_which_it_was_seen() -> None:
    clock = JumpingClock()
    counters = Counters(clock)
    trends = Trends(counters, clock)
    counters.saw(MessageAccepted(1, 1, 3))
    assert told(trends.minutes()[-1]) == (3, 0, 0)
    await clock.jump(60)
    counters.saw(DeliverySettled(1, "mail", State.SENT))
    counters.saw(DeliverySettled(2, "mail", State.FAILED))
    counters.saw(DeliverySettled(3, "mail", State.CANCELLED))
    counters.saw(DeliverySettled(4, CHANNEL, State.SENT))
    minutes = trends.minutes()
    assert len(minutes) == MINUTES
    assert [told(minute) for minute in minutes[-3:]] == [(0, 0, 0), (3, 0, 0), (0, 1, 1)]
    assert minutes[-1].at - minutes[0].at == (MINUTES - 1) * 60_000


async def test_what_is_older_than_an_hour_is_forgotten() -> None:
    clock = JumpingClock()
    counters = Counters(clock)
    trends = Trends(counters, clock)
    trends.start()
    counters.saw(MessageAccepted(1, 1, 3))
    await clock.jump(6)
    assert sum(minute.accepted for minute in trends.minutes()) == 3
    await clock.jump(3700)
    assert sum(minute.accepted for minute in trends.minutes()) == 0
    await trends.stop()
    await trends.stop()
