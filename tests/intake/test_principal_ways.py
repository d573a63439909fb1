"""The ways to sign in beside a user name and a password."""

from __future__ import annotations

import pytest

from heliograph.config.settings import Settings
from heliograph.core.people import Door, nobody
from heliograph.core.ports import Call
from heliograph.intake.carriers import Authentication
from heliograph.intake.principal import PrincipalService
from heliograph.intake.sign_in import SignIn
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import a_company, a_user
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


class PlainPasswords:
    """Port `Passwords` without the cost."""

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, password: str, hashed: str) -> bool:
        return hashed == f"hash of {password}"

    def outdated(self, hashed: str) -> bool:
        return False


@pytest.fixture
async def principal(clock: JumpingClock) -> PrincipalService:
    """keeper101 signs in with `beacon`."""
    store = MemoryStore(clock)
    await store.directory.add_company(a_company())
    await store.directory.add_user(a_user(101, password_hash="hash of beacon"))
    sign_in = SignIn(
        store.directory,
        store.keyring,
        PlainPasswords(),
        clock,
        bytes,
        Settings(),
    )
    return PrincipalService(sign_in, "1.0.0")


def call() -> Call:
    return Call(method="", arguments={}, caller=nobody(Door.SOAP))


async def test_the_transports_own_identity_signs_nobody_in(principal: PrincipalService) -> None:
    assert await principal.authenticate_implicit(call()) == Authentication()


async def test_named_values_sign_in_as_user_name_and_password_do(principal: PrincipalService) -> None:
    data = {"UserName": "keeper101", "Password": "beacon", "Extra": "ignored"}
    answer = await principal.authenticate_generic(call(), authentication_data=data)
    assert answer.authentication_succeeded
    assert answer.response is not None
    assert answer.response.associate_id == 101


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"UserName": "keeper101"},
        {"Password": "beacon"},
        {"username": "keeper101", "password": "beacon"},
        {"UserName": "keeper101", "Password": "wrong"},
    ],
)
async def test_other_values_do_not(principal: PrincipalService, data: dict[str, str]) -> None:
    assert await principal.authenticate_generic(call(), authentication_data=data) == Authentication()
