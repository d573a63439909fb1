"""Which Firebase project sends, and the service account that may."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from heliograph.channels.urls import Origin
from heliograph.config.settings import Area

GOOGLE = "https://fcm.googleapis.com"
_PROJECT = re.compile(r"[a-z0-9.:-]{1,100}", re.ASCII)


class FcmSettings(Area):
    """A Firebase project."""

    service_account_file: Path | None = Field(None, description="The service account's key (JSON), as Google gave it.")
    service_account: SecretStr = Field(SecretStr(""), description="The same as text, instead of a file.")
    project: str = Field("", description="The project's id; empty: the service account's.")
    data_only: bool = Field(False, description="Send everything as data, for apps that show notifications themselves.")
    sound: str = Field("default", max_length=100, description="Sound of what names none; empty: no sound.")
    endpoint: Origin = Field("", description="Another place to send to, for rehearsals; empty: Google's.")
    timeout: float = Field(15.0, ge=1, le=60, description="Seconds Google may take to answer; it asks for at least 10.")
    quota: int = Field(
        600_000, ge=60, description="Messages a minute that Google allows the project; they are spread over the minute."
    )
    ramp: float = Field(60.0, ge=0, description="Seconds in which a flood of messages comes to that speed.")
    near_quarter_hours: float = Field(
        0.1, gt=0, le=1, description="Share of that speed within two minutes of :00, :15, :30 and :45; 1 is all of it."
    )
    concurrency: int = Field(200, ge=1, le=10_000, description="Requests under way at once.")

    @field_validator("project")
    @classmethod
    def _id(cls, value: str) -> str:
        if value and not _PROJECT.fullmatch(value):
            raise ValueError("must be a project's id like keepers-1a2b3")
        return value

    @model_validator(mode="after")
    def _one_account(self) -> Self:
        if bool(self.service_account_file) == bool(self.service_account.get_secret_value()):
            raise ValueError("give one of service_account_file and service_account")
        return self
