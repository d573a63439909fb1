"""The time limit of tries holds whatever came before."""

from __future__ import annotations

import pytest

from heliograph.core.lifecycle import State
from heliograph.core.outcome import Accepted
from heliograph.core.ports import Traits
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import JumpingClock
from heliograph.testing.scripted import ScriptedChannel, never

pytestmark = pytest.mark.anyio


async def test_after_a_channel_that_answered_at_once_the_next_try_still_has_its_limit(
    start, clock: JumpingClock
) -> None:
    channel = ScriptedChannel(Accepted(), never, traits=Traits(timeout=5.0))
    gateway = await start(channels={"stub": channel})
    await gateway.accept(an_acceptance())
    assert (await gateway.delivery()).state is State.SENT

    await gateway.accept(an_acceptance(first=2))
    await clock.jump(6)

    first, *_ = await gateway.attempts(2)
    assert first.detail == "no answer within 5 seconds"
