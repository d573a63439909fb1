"""Wrong passwords: how many are borne, whom that locks out and whom not."""

from __future__ import annotations

import pytest

from heliograph.config.settings import SignInSettings
from heliograph.core.errors import TooMany
from heliograph.intake.guesses import PEER, Guesses
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def guesses(clock: JumpingClock) -> Guesses:
    return Guesses(clock, SignInSettings(failures_per_account=3, failures_per_address=20, window=30))


def fail(guesses: Guesses, times: int, name: str = "anna", peer: str = "192.0.2.1") -> None:
    """That many failed sign-ins."""
    PEER.set(peer)
    for _ in range(times):
        guesses.start(1, name)


async def test_after_the_limit_an_account_is_refused_from_that_address_and_told_how_long(guesses: Guesses) -> None:
    fail(guesses, 3)
    with pytest.raises(TooMany) as refused:
        fail(guesses, 1, name="ANNA")
    assert refused.value.retry_after == pytest.approx(10)


async def test_failures_grow_old(guesses: Guesses, clock: JumpingClock) -> None:
    fail(guesses, 3)
    await clock.jump(10)
    fail(guesses, 1)
    with pytest.raises(TooMany):
        fail(guesses, 1)
    await clock.jump(30)
    fail(guesses, 3)


async def test_somebody_elsewhere_does_not_lock_a_user_out(guesses: Guesses) -> None:
    with pytest.raises(TooMany):
        fail(guesses, 4, peer="192.0.2.66")
    fail(guesses, 1)
    guesses.succeeded(1, "anna")


async def test_one_address_cannot_try_many_names(guesses: Guesses) -> None:
    for n in range(20):
        fail(guesses, 1, name=f"name-{n}")
    with pytest.raises(TooMany):
        fail(guesses, 1, name="name-20")
    fail(guesses, 1, name="name-20", peer="192.0.2.2")


async def test_a_guess_spread_over_many_addresses_is_bounded(guesses: Guesses) -> None:
    for n in range(30):
        fail(guesses, 1, peer=f"192.0.2.{n}")
    with pytest.raises(TooMany):
        fail(guesses, 1, peer="192.0.2.99")


async def test_a_user_who_mistypes_twice_and_then_succeeds_is_never_refused(
    guesses: Guesses, clock: JumpingClock
) -> None:
    for _ in range(100):
        fail(guesses, 3)
        guesses.succeeded(1, "anna")
        await clock.jump(5)


async def test_another_companys_user_of_the_same_name_is_another(guesses: Guesses) -> None:
    fail(guesses, 3)
    guesses.start(2, "anna")
