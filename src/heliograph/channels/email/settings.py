"""Which SMTP server takes our mail, and what it says it is from."""

from __future__ import annotations

import re
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


LONGEST_NAME = 16  # characters before the +: with `+` and a token it must not be longer than 64
_URL = re.compile(r"https://[!$-;=?-Z_a-z~{}]{1,900}", re.ASCII)

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
    kept: int = Field(4, ge=0, le=256, description="Connections that are kept for the next mail.")
    idle: float = Field(30.0, gt=0, le=3600, description="Seconds a connection is kept without a mail.")
    per_connection: int = Field(100, ge=1, description="Mails on one connection, after which it is closed.")
    unsubscribe_url: str = Field(
        "",
        description="https address for List-Unsubscribe; {token} in it, else `?token=`, names the mail. One-click (RFC 8058).",
    )
    bounce_address: str = Field(
        "", description="Where reports of undeliverable mail come, as `name+token@domain`; needs `inbound_port`."
    )
    receipts: bool = Field(
        False, description="Ask the servers on the way to report delivered mail too (DSN); needs `bounce_address`."
    )
    reply_address: str = Field(
        "", description="Where answers come, as `name+token@domain` in Reply-To; needs `inbound_port`."
    )
    unsubscribe_address: str = Field(
        "", description="Where mail programs unsubscribe, as `name+token@domain`; needs `inbound_port`."
    )
    replies_to: str = Field("", description="User name of whoever gets answers to what no user sent; empty: nobody.")
    inbound_host: str = Field("127.0.0.1", description="Address to take mail on, from your own mail server.")
    inbound_port: int | None = Field(
        None, ge=0, le=65535, description="Port to take mail on (SMTP); none: no mail comes in; 0: any free one."
    )
    inbound_size: int = Field(5 * 1024 * 1024, ge=10_240, description="Largest mail that is taken in, in bytes.")
    inbound_connections: int = Field(20, ge=1, le=1000, description="Connections to `inbound_port` at once.")
    inbound_timeout: float = Field(60.0, gt=0, description="Seconds for each command, and for a whole mail.")

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

    @field_validator("bounce_address", "reply_address", "unsubscribe_address")
    @classmethod
    def _short_address(cls, value: str) -> str:
        if value and not is_mailbox(value):
            raise ValueError("must be a mail address like name@example.com")
        if len(value.rpartition("@")[0]) > LONGEST_NAME:
            raise ValueError(f"must have a name of at most {LONGEST_NAME} characters, for a token is put behind it")
        return value

    @field_validator("unsubscribe_url")
    @classmethod
    def _https(cls, value: str) -> str:
        if value and not (_URL.fullmatch(value) and value.count("{token}") <= 1):
            raise ValueError("must be an address that begins with https://, with {token} once at most")
        return value

    @model_validator(mode="after")
    def _addresses_are_heard(self) -> Self:
        heard = [address for address in (self.bounce_address, self.reply_address, self.unsubscribe_address) if address]
        if heard and self.inbound_port is None:
            raise ValueError(f"{heard[0]} needs inbound_port, or nobody listens there")
        if self.receipts and not self.bounce_address:
            raise ValueError("receipts needs bounce_address, or nobody hears them")
        return self

    @model_validator(mode="after")
    def _password_stays_private(self) -> Self:
        if self.username and self.security is Security.NONE:
            raise ValueError("with a username, security must be starttls or tls: a password is not sent in the open")
        return self

    @property
    def actual_port(self) -> int:
        """The port, the usual one when none is set."""
        return self.port or _PORTS[self.security]
