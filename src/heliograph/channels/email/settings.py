"""Which SMTP server takes our mail, and what it says it is from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from heliograph.channels.email.mailbox import is_mailbox
from heliograph.config.settings import Area


class Security(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"  # plain at first, TLS before anything else is said
    TLS = "tls"  # from the first byte
    NONE = "none"


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


class EmailSettings(Area):
    """An SMTP server."""

    host: str = Field(min_length=1, description="The SMTP server that takes our mail.")
    sender: str = Field(
        description="The address mail is from, and to which the server returns what cannot be delivered."
    )
    sender_name: str = Field("", max_length=100, description="The name shown with `sender`.")
    security: Security = Field(Security.STARTTLS, description="starttls, tls (from the first byte) or none.")
    port: int = Field(0, ge=0, le=65535, description="0 is the usual one: 587 for starttls, 465 for tls, 25 for none.")
    username: str = Field("", description="Sign in with this name; empty: do not sign in.")
    password: SecretStr = Field(SecretStr(""), description="The password of `username`.")
    ca_file: Path | None = Field(None, description="Certificate authorities (PEM) to trust instead of the system's.")
    hello: str = Field("", description="The name this gateway greets with; empty: the domain of `sender`.")
    timeout: float = Field(15.0, gt=0, le=120, description="Seconds for connecting, and for each answer of the server.")
    concurrency: int = Field(8, ge=1, le=256, description="Connections to the server at once.")

    @field_validator("sender")
    @classmethod
    def _address(cls, value: str) -> str:
        if not is_mailbox(value):
            raise ValueError("must be a mail address like name@example.com")
        return value

    @field_validator("sender_name", "hello", "host", "username")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must not hold control characters")
        return value

    @model_validator(mode="after")
    def _password_stays_private(self) -> Self:
        if self.username and self.security is Security.NONE:
            raise ValueError("with a username, security must be starttls or tls: a password is not sent in the open")
        return self

    @property
    def actual_port(self) -> int:
        """The port, the usual one when none is set."""
        return self.port or _PORTS[self.security]
