"""Who may use what: scopes, access tokens for programs, applications and the agents granted to them."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec


class Scope(StrEnum):
    """What an access token may be used for. A ticket, a password or an integration key is not limited by scopes."""

    PUSH = "push"  # send pushes
    MESSAGES = "messages"  # send messages and ask what became of them
    INBOX = "inbox"  # read and mark the user's own inbox
    DEVICES = "devices"  # register devices, set their tags
    METRICS = "metrics"  # read /metrics, which are the whole gateway's; not part of `admin`
    ADMIN = "admin"  # all of the above but metrics, and what administrators may do


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token of a program's; only the hash of its text is kept."""

    id: int
    company_id: int
    associate_id: int | None  # whom the program acts as; None: as a machine of the company's
    name: str
    hash: bytes  # SHA-256 of the token's text
    scopes: tuple[Scope, ...]
    created_at: int  # ms since the epoch
    expires_at: int  # ms since the epoch


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """A registered client program, known by its application token, with the agents it may use."""

    id: int
    name: str
    token_hash: bytes  # SHA-256 of the token's text
    agents: tuple[str, ...]
    created_at: int = 0


class Keyring(Protocol):
    """Access tokens and applications, kept. Raises Unavailable, as the store's ports do."""

    async def token(self, hash: bytes) -> AccessToken | None: ...
    async def token_by_id(self, token_id: int) -> AccessToken | None: ...
    async def tokens(self, company_id: int | None) -> list[AccessToken]:
        """In order of id; of one company or of all."""

    async def add_token(self, token: AccessToken) -> AccessToken:
        """The token with the id it is given here; ids are never given twice."""

    async def remove_token(self, token_id: int) -> bool:
        """End it, and every ticket that was issued for it; False when there is none."""

    async def application(self, token_hash: bytes) -> Application | None: ...
    async def applications(self) -> list[Application]:
        """In order of id."""

    async def put_application(self, application: Application) -> Application:
        """Add (`id` 0), or replace the one with that id. Raises Conflict when the name is taken."""

    async def remove_application(self, application_id: int) -> bool:
        """False when there is none."""
