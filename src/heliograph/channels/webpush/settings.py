"""Who we are to the push services, and which of them may be used."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, field_validator

from heliograph.channels.webpush.vapid import read_private_key
from heliograph.config.settings import Area

#: The services of the browsers of today: Chrome and its kin, Firefox, Safari, Edge.
SERVICES = [
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
]
_SUBJECT = re.compile(r"(mailto:[^\s@]+@[^\s@]+|https://\S+)")
_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", re.ASCII)


class WebPushSettings(Area):
    """Web Push with VAPID."""

    private_key: SecretStr = Field(
        description="P-256 key that signs for us, in base64url or PEM; `heliograph device key` makes one."
    )
    subject: str = Field(description="Whom a push service may write to about us: mailto:... or https://...")
    services: list[str] = Field(
        SERVICES,
        min_length=1,
        description="Hosts of push services that may be used, with a port or without; *. stands for any name below.",
    )
    timeout: float = Field(15.0, gt=0, le=60, description="Seconds a push service may take to answer.")
    concurrency: int = Field(256, ge=1, le=1024, description="Requests under way at once.")

    @field_validator("private_key")
    @classmethod
    def _usable(cls, key: SecretStr) -> SecretStr:
        read_private_key(key.get_secret_value())
        return key

    @field_validator("subject")
    @classmethod
    def _reachable(cls, subject: str) -> str:
        if not _SUBJECT.fullmatch(subject):
            raise ValueError("must be mailto: and an e-mail address, or an https URL")
        return subject

    @field_validator("services")
    @classmethod
    def _hosts(cls, services: list[str]) -> list[str]:
        for host in services:
            if not _HOST.fullmatch(host):
                raise ValueError(
                    f"{host[:60]!r} is not a host name in lower case, with or without *. before it and a port after it"
                )
        return services


def served(host: str, services: list[str]) -> bool:
    """Whether a host, or a host and port, is on the list; a name without a port stands for all of its ports."""
    return any(_same(host if ":" in name else host.partition(":")[0], name) for name in services)


def _same(host: str, name: str) -> bool:
    return host.endswith(name[1:]) if name.startswith("*.") else host == name
