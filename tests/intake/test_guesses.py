"""Wrong passwords: how many are borne, whom that locks out and whom not."""

from __future__ import annotations

import pytest

from heliograph.config.settings import SignInSettings
from heliograph.core.errors import TooMany
from heliograph.intake.guesses import PEER, Guesses
from heliograph.store.memory import MemoryStore
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
    guesses.forgive(1, "anna")


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
        guesses.forgive(1, "anna")
        await clock.jump(5)


async def test_another_companys_user_of_the_same_name_is_another(guesses: Guesses) -> None:
    fail(guesses, 3)
    guesses.start(2, "anna")


# --------------------------------------------------------------------------------------- over a restart


def kept(clock: JumpingClock, store: MemoryStore) -> Guesses:
    return Guesses(clock, SignInSettings(failures_per_account=3, failures_per_address=20, window=30), store.notes)


async def really_fail(guesses: Guesses, times: int, name: str = "anna", peer: str = "192.0.2.1") -> None:
    PEER.set(peer)
    for _ in range(times):
        await guesses.recall()
        guesses.start(1, name)
        await guesses.failed(1, name)


async def test_a_restart_gives_nobody_a_fresh_start(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    await really_fail(kept(clock, store), 3)
    await clock.jump(5)
    later = kept(clock, store)
    with pytest.raises(TooMany) as refused:
        await really_fail(later, 1)
    assert refused.value.retry_after == pytest.approx(5)
    await clock.jump(5)
    await really_fail(later, 1)
    with pytest.raises(TooMany):
        await really_fail(kept(clock, store), 1)


async def test_a_success_is_remembered_over_a_restart_as_well(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    first = kept(clock, store)
    await really_fail(first, 2)
    first.start(1, "anna")
    await first.succeeded(1, "anna")
    await really_fail(kept(clock, store), 3)


async def test_a_sign_in_without_failures_writes_nothing(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    guesses = kept(clock, store)
    await guesses.recall()
    await store.close()
    for _ in range(10):
        guesses.start(1, "anna")
        await guesses.succeeded(1, "anna")


async def test_neither_names_nor_addresses_are_written_down(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    await really_fail(kept(clock, store), 1, name="anna-the-keeper")
    notes = await store.notes.find("sign-in", "failures")
    assert len(notes) == 3
    assert not any("anna" in f"{note}" or "192.0.2" in f"{note}" for note in notes)


async def test_what_has_grown_old_is_forgotten_when_something_else_is_written(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    await really_fail(kept(clock, store), 1)
    await clock.jump(31)
    await really_fail(kept(clock, store), 1, name="bert", peer="192.0.2.2")
    assert len(await store.notes.find("sign-in", "failures")) == 3


async def test_a_store_that_is_away_does_not_open_the_door(clock: JumpingClock) -> None:
    store = MemoryStore(clock)
    guesses = kept(clock, store)
    await guesses.recall()
    await store.close()
    with pytest.raises(TooMany):
        await really_fail(guesses, 4)
