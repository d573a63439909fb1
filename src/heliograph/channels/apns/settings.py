"""Which app of Apple's platforms gets the notifications, and how we prove that we may send them."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from heliograph.channels.urls import Origin
from heliograph.config.settings import Area

_ID = re.compile(r"[A-Z0-9]{10}", re.ASCII)
_TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,254}", re.ASCII)


class Environment(StrEnum):
    """Which of Apple's two services knows the device tokens."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


_ENDPOINTS = {
    Environment.PRODUCTION: "https://api.push.apple.com",
    Environment.SANDBOX: "https://api.sandbox.push.apple.com",
}


class ApnsSettings(Area):
    """An app, and a signing key of its team (or a certificate)."""

    topic: str = Field(description="The app's bundle id, like com.example.keeper.")
    environment: Environment = Field(
        Environment.PRODUCTION,
        description="production for apps from the App Store, TestFlight and ad hoc; sandbox for those run from Xcode.",
    )
    key_id: str = Field("", description="The ten characters that name the signing key.")
    team_id: str = Field("", description="The ten characters that name the team.")
    key_file: Path | None = Field(None, description="The signing key, AuthKey_....p8, as Apple gave it.")
    private_key: SecretStr = Field(SecretStr(""), description="The signing key's text, instead of `key_file`.")
    certificate_file: Path | None = Field(
        None, description="A push certificate with its unencrypted key (PEM), instead of a signing key."
    )
    sound: str = Field("default", max_length=100, description="Sound of what names none; empty: no sound.")
    endpoint: Origin = Field("", description="Another place to send to, for rehearsals; empty: Apple's.")
    timeout: float = Field(15.0, gt=0, le=60, description="Seconds Apple may take to answer.")
    concurrency: int = Field(1000, ge=1, le=10_000, description="Requests under way at once.")

    @field_validator("topic")
    @classmethod
    def _bundle_id(cls, value: str) -> str:
        if not _TOPIC.fullmatch(value):
            raise ValueError("must be a bundle id like com.example.keeper")
        return value

    @field_validator("key_id", "team_id")
    @classmethod
    def _ten_characters(cls, value: str) -> str:
        if value and not _ID.fullmatch(value):
            raise ValueError("must be ten capital letters and digits")
        return value

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        keys = bool(self.key_file) + bool(self.private_key.get_secret_value())
        if keys + bool(self.certificate_file) != 1:
            raise ValueError("give one of key_file, private_key and certificate_file")
        if keys and not (self.key_id and self.team_id):
            raise ValueError("a signing key needs key_id and team_id")
        return self

    @property
    def origin(self) -> str:
        """Scheme, host and port to send to."""
        return self.endpoint or _ENDPOINTS[self.environment]
