"""Which services there are, by URL, and what their worker processes may take."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from heliograph.config.settings import Area

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}", re.ASCII)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9]*://\S*", re.ASCII)

MOST_IN_GROUP = 50


class Overflow(StrEnum):
    """What becomes of a text that is longer than a service takes."""

    SPLIT = "split"
    TRUNCATE = "truncate"


class AppriseSettings(Area):
    """Services by URL, and the processes that speak to them."""

    targets: dict[str, SecretStr] = Field(
        min_length=1, description="What To may name, each with the URL by which apprise knows the service."
    )
    groups: dict[str, list[str]] = Field(
        {}, description="What To may name beside: a message to a group goes to each of the targets listed."
    )
    overflow: Overflow = Field(
        Overflow.SPLIT,
        description="A text longer than the service takes: split into several notifications, or truncate it.",
    )
    timeout: float = Field(
        30.0, gt=0, le=600, description="Seconds a notification may take; above it, its process is ended."
    )
    workers: int = Field(2, ge=1, le=32, description="Processes that notify, each one notification at a time.")
    queue: int = Field(100, ge=0, le=10_000, description="Notifications that may wait for a process; more are put off.")
    memory: int = Field(
        512 * 1024 * 1024, ge=256 * 1024 * 1024, description="Bytes of memory (address space) a process may have."
    )
    resend_in_doubt: bool = Field(
        True,
        description="Whether a notification is sent again when nobody knows whether it arrived: twice rather than never.",
    )
    proxy: SecretStr = Field(
        SecretStr(""), description="HTTP proxy for all targets, as http://user:password@host:port."
    )
    ca_file: Path | None = Field(None, description="Certificate authorities (PEM) to trust instead of the usual ones.")

    @field_validator("targets")
    @classmethod
    def _named_urls(cls, targets: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, url in targets.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"a target's name is letters, digits, dot, dash, @ and underscore, not {name[:60]!r}")
            if not _URL.fullmatch(url.get_secret_value()):
                raise ValueError(f"{name} is not a URL as apprise writes them, like ntfy://host/topic")
        return targets

    @model_validator(mode="after")
    def _groups_of_targets(self) -> Self:
        for name, members in self.groups.items():
            if not _NAME.fullmatch(name) or name in self.targets:
                raise ValueError(f"the group {name[:60]!r} needs a name of its own, written as a target's")
            if not 0 < len(members) <= MOST_IN_GROUP or len(set(members)) < len(members):
                raise ValueError(f"the group {name} lists 1 to {MOST_IN_GROUP} targets, each once")
            if unknown := [member for member in members if member not in self.targets]:
                raise ValueError(f"the group {name} lists {unknown[0][:60]!r}, which is no target")
        return self

    def members(self, name: str) -> tuple[str, ...]:
        """The targets that a To stands for; empty when there is nothing of that name."""
        return (name,) if name in self.targets else tuple(self.groups.get(name, ()))

    @field_validator("proxy")
    @classmethod
    def _proxy_url(cls, proxy: SecretStr) -> SecretStr:
        if not re.fullmatch(r"(https?://\S+)?", proxy.get_secret_value()):
            raise ValueError("must be a URL like http://host:3128")
        return proxy

    @field_validator("ca_file")
    @classmethod
    def _readable(cls, file: Path | None) -> Path | None:
        if file is not None and not file.is_file():
            raise ValueError("there is no such file")
        return file
