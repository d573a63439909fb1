"""Who sends and who receives: companies, users, devices, tickets, callers."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from heliograph.core.access import Scope


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant. Its users, messages and keys are invisible to every other."""

    id: int
    name: str
    key_hash: bytes = b""  # SHA-256 of the integration key
    active: bool = True
    created_at: int = 0


class Role(StrEnum):
    """What a user may do beyond receiving and sending."""

    USER = "user"
    ADMINISTRATOR = "administrator"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person: associate id for the agents, GUID for the REST API."""

    associate_id: int
    company_id: int
    user_id: str  # 32 hex digits, lower case
    user_name: str
    email: str = ""
    external_id: str = ""
    phone: str = ""
    full_name: str = ""
    role: Role = Role.USER
    active: bool = True
    password_hash: str = ""  # argon2id; empty: cannot sign in with a password
    created_at: int = 0


class Platform(StrEnum):
    """The PocketDeviceInfo platforms, by their names on the wire."""

    APPLE = "Apple"
    GOOGLE = "Google"
    MICROSOFT = "Microsoft"
    APPLE_DEVELOPER = "AppleDeveloper"
    APPLE_AD_HOC = "AppleAdHoc"
    GOOGLE_DEVELOPER = "GoogleDeveloper"


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A registered token of a user's."""

    id: int
    associate_id: int
    identifier: str
    handle: str  # the push token: kind of secret, never logged
    platform: str
    app: str = ""  # bundle id, package or site, where several apps of a platform are served
    name: str = ""
    language: str = ""
    app_version: str = ""
    os_version: str = ""
    tags: str = ""
    time_zone_id: int = 0
    registered_at: int = 0
    last_seen: int = 0


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in identity; only the hash of its text is kept."""

    hash: bytes  # SHA-256 of the ticket's text
    associate_id: int  # 0 for an access token that is no user's
    company_id: int
    valid_to: int  # ms since the epoch; sliding
    created_at: int = 0
    token_id: int = 0  # the access token it was issued for, whose limits are the ticket's; 0 for none


class Door(StrEnum):
    """How a call came in."""

    SOAP = "soap"
    REST = "rest"
    AGENTS = "agents"
    CLI = "cli"
    CONSOLE = "console"
    SCRIPT = "script"
    CHANNEL = "channel"  # a message from outside, brought by a channel


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who authenticated. `associate_id` is None for a machine (integration key, access token), and for nobody at all
    (`company_id` 0)."""

    company_id: int
    door: Door
    associate_id: int | None = None
    administrator: bool = False
    token_id: int = 0  # the access token that was used; 0 for none
    scopes: frozenset[Scope] | None = None  # what an access token allows; None: not limited

    @property
    def identity(self) -> str:
        """Who it is among the callers of its company: `user 101`, `token 5`, or `key` for the integration key."""
        if self.token_id:
            return f"token {self.token_id}"
        return "key" if self.associate_id is None else f"user {self.associate_id}"

    def may(self, scope: Scope) -> bool:
        """Whether the access token, if there is one, allows this."""
        return self.scopes is None or scope in self.scopes or Scope.ADMIN in self.scopes


def nobody(door: Door) -> Caller:
    """The caller of the few methods that need no sign-in."""
    return Caller(company_id=0, door=door)
