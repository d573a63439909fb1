"""Access tokens for programs and application tokens: made, listed, granted, ended. Secrets are shown once."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from heliograph.core.access import AccessToken, Application, Scope
from heliograph.core.errors import InvalidArgument, NotFound
from heliograph.core.moments import DAY_MS
from heliograph.core.people import User
from heliograph.core.ports import Clock, Keyring
from heliograph.intake.sign_in import TOKEN_PREFIX, Entropy, secret_hash

APPLICATION_PREFIX = "ha_"
LONGEST_NAME = 100


class NewToken(msgspec.Struct, frozen=True):
    """An access token and its text, which is shown once."""

    token: AccessToken
    text: str


class NewApplication(msgspec.Struct, frozen=True):
    """An application and its token, which is shown once."""

    application: Application
    text: str


class Credentials:
    """What an operator does with programs' credentials."""

    def __init__(self, keyring: Keyring, clock: Clock, entropy: Entropy) -> None:
        self._keyring = keyring
        self._clock = clock
        self._entropy = entropy

    async def add_token(
        self, company_id: int, name: str, scopes: Sequence[Scope], *, user: User | None = None, days: float = 365.0
    ) -> NewToken:
        """An access token of 160 random bits. Raises InvalidArgument (name, no scope, a life that is none)."""
        if not scopes:
            raise InvalidArgument("Name at least one scope.", field="scope")
        if not 0 < days <= 3660:
            raise InvalidArgument("A token lives more than 0 and at most 3660 days.", field="days")
        text, now = TOKEN_PREFIX + self._random(), self._clock.now()
        token = AccessToken(
            id=0,
            company_id=company_id,
            associate_id=user.associate_id if user is not None else None,
            name=_checked(name),
            hash=secret_hash(text),
            scopes=tuple(dict.fromkeys(scopes)),
            created_at=now,
            expires_at=now + int(days * DAY_MS),
        )
        return NewToken(await self._keyring.add_token(token), text)

    async def tokens(self, company_id: int | None = None) -> list[AccessToken]:
        """In order of id, expired ones included."""
        return await self._keyring.tokens(company_id)

    async def revoke_token(self, token_id: int) -> None:
        """End it, and all tickets made with it, at once. Raises NotFound."""
        if not await self._keyring.remove_token(token_id):
            raise NotFound(f"There is no access token {token_id}.")

    async def add_application(self, name: str, agents: Sequence[str], known: Sequence[str]) -> NewApplication:
        """Register an application for these of the known agents. Raises InvalidArgument, Conflict for a taken name."""
        text = APPLICATION_PREFIX + self._random()
        application = Application(
            id=0,
            name=_checked(name),
            token_hash=secret_hash(text),
            agents=_agents(agents, known),
            created_at=self._clock.now(),
        )
        return NewApplication(await self._keyring.put_application(application), text)

    async def applications(self) -> list[Application]:
        """In order of id."""
        return await self._keyring.applications()

    async def grant(self, name: str, agents: Sequence[str], known: Sequence[str]) -> Application:
        """Let an application use more agents. Raises NotFound, InvalidArgument."""
        found = await self._application(name)
        agents = (*found.agents, *_agents(agents, known))
        return await self._keyring.put_application(replace(found, agents=tuple(dict.fromkeys(agents))))

    async def revoke(self, name: str, agents: Sequence[str], known: Sequence[str]) -> Application | None:
        """Take agents from an application; without any named the application ends, and None is left of it."""
        found = await self._application(name)
        if not agents:
            await self._keyring.remove_application(found.id)
            return None
        taken = _agents(agents, known)
        left = tuple(agent for agent in found.agents if agent not in taken)
        return await self._keyring.put_application(replace(found, agents=left))

    async def _application(self, name: str) -> Application:
        for application in await self._keyring.applications():
            if application.name == name:
                return application
        raise NotFound(f"There is no application {name[:LONGEST_NAME]!r}.")

    def _random(self) -> str:
        return base64.b32encode(self._entropy(20)).decode("ascii").lower()


def _checked(name: str) -> str:
    tidy = name.strip()
    if not tidy or len(tidy) > LONGEST_NAME or not tidy.isprintable():
        raise InvalidArgument(f"A name has 1 to {LONGEST_NAME} printable characters.", field="name")
    return tidy


def _agents(agents: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The agents by their proper names."""
    by_lower = {agent.lower(): agent for agent in known}
    unknown = [agent for agent in agents if agent.lower() not in by_lower]
    if unknown:
        raise InvalidArgument(f"No such agent: {', '.join(unknown)[:200]}. Agents: {', '.join(known)}.", field="agent")
    return tuple(dict.fromkeys(by_lower[agent.lower()] for agent in agents))
