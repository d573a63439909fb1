"""Sign-ins to the console, against a clock that jumps and a store that can fail."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.config.settings import ConsoleSettings, Settings
from heliograph.core.errors import NotAuthenticated, NotFound
from heliograph.core.people import Role
from heliograph.intake.operators import CODE_LIFE, Operators
from heliograph.intake.sign_in import SignIn
from heliograph.store.memory import MemoryStore
from heliograph.system.entropy import entropy
from heliograph.testing.builders import a_company, a_user
from heliograph.testing.clock import JumpingClock
from heliograph.testing.flaky import Flaky
from heliograph.vault.passwords import Argon2Passwords

pytestmark = pytest.mark.anyio


class Parts:
    """Operators over a store in memory."""

    def __init__(self, clock: JumpingClock, **console: Any) -> None:
        self.store = MemoryStore(clock)
        self.sessions: Any = Flaky(self.store.sessions)
        self.directory: Any = Flaky(self.store.directory)
        self.passwords = Argon2Passwords()
        settings = Settings(console=ConsoleSettings(**console))
        sign_in = SignIn(self.directory, self.store.keyring, self.passwords, clock, entropy, settings)
        self.operators = Operators(self.sessions, sign_in, self.directory, clock, entropy, settings.console)

    async def settle(self) -> None:
        await self.directory.add_company(a_company())
        hashed = await self.passwords.hash("a lamp that turns")
        await self.directory.add_user(replace(a_user(101), role=Role.ADMINISTRATOR, password_hash=hashed))


@pytest.fixture
async def parts(clock: JumpingClock) -> Any:
    made = Parts(clock)
    await made.settle()
    yield made
    made.passwords.close()


async def test_use_keeps_a_sign_in_alive_until_its_end(parts: Parts, clock: JumpingClock) -> None:
    _, text = await parts.operators.by_password(None, "keeper101", "a lamp that turns")
    for _ in range(11 * 3):
        await clock.jump(1200)
        operator = await parts.operators.by_session(text)
    assert (operator.company_id, operator.associate_id) == (1, 101)
    await clock.jump(3600)
    with pytest.raises(NotAuthenticated):
        await parts.operators.by_session(text)


@pytest.mark.parametrize("seconds", [1799, 1801])
async def test_a_sign_in_nobody_uses_ends_on_time(parts: Parts, clock: JumpingClock, seconds: int) -> None:
    _, text = await parts.operators.by_code(await parts.operators.make_code())
    await clock.jump(seconds)
    if seconds < 1800:
        assert (await parts.operators.by_session(text)).everywhere
    else:
        with pytest.raises(NotAuthenticated):
            await parts.operators.by_session(text)
        assert await parts.operators.sessions() == []


async def test_watching_is_no_use(parts: Parts, clock: JumpingClock) -> None:
    _, text = await parts.operators.by_code(await parts.operators.make_code())
    for _ in range(6):
        await clock.jump(299)
        await parts.operators.by_session(text, watching=True)
    await clock.jump(20)
    with pytest.raises(NotAuthenticated):
        await parts.operators.by_session(text, watching=True)


async def test_a_code_ends_on_time(parts: Parts, clock: JumpingClock) -> None:
    code = await parts.operators.make_code()
    await clock.jump(CODE_LIFE + 1)
    with pytest.raises(NotAuthenticated):
        await parts.operators.by_code(code)


async def test_a_store_that_takes_no_writes_can_still_be_looked_at(parts: Parts, clock: JumpingClock) -> None:
    _, text = await parts.operators.by_password(None, "keeper101", "a lamp that turns")
    await clock.jump(120)
    parts.sessions.fail("saw_session")
    parts.directory.fail("touch_ticket")
    assert (await parts.operators.by_session(text)).associate_id == 101
    assert parts.sessions.refused == ["saw_session"]


async def test_signing_out_ends_the_ticket_behind_it_as_well(parts: Parts) -> None:
    operator, text = await parts.operators.by_password(None, "keeper101", "a lamp that turns")
    [session] = await parts.operators.sessions()
    await parts.operators.sign_out(operator)
    ticket = await parts.store.directory.ticket(session.ticket)
    assert ticket is None or ticket.valid_to <= session.seen_at
    with pytest.raises(NotAuthenticated):
        await parts.operators.by_session(text)
    with pytest.raises(NotFound):
        await parts.operators.end(session.id)


async def test_what_has_ended_is_forgotten_when_somebody_signs_in(parts: Parts, clock: JumpingClock) -> None:
    for _ in range(3):
        await parts.operators.by_code(await parts.operators.make_code())
    await clock.jump(13 * 3600)
    await parts.operators.by_code(await parts.operators.make_code())
    assert len(await parts.store.sessions.sessions()) == 1
