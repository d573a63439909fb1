"""Where webhooks go and what signs them."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from heliograph.channels.urls import Url
from heliograph.channels.webhook.signature import key
from heliograph.config.settings import Area


class WebhookSettings(Area):
    """Signed POST requests."""

    secrets: list[SecretStr] = Field(
        min_length=1,
        description="Signing secrets, each whsec_ and 24 to 64 bytes in base64; each signs, so that one can be replaced.",
    )
    url: Url = Field("", description="Send everything to this URL; To is then any text. Empty: To is the URL.")
    timeout: float = Field(15.0, gt=0, le=60, description="Seconds the endpoint may take to answer.")
    concurrency: int = Field(64, ge=1, le=1024, description="Requests under way at once.")

    @field_validator("secrets")
    @classmethod
    def _usable(cls, secrets: list[SecretStr]) -> list[SecretStr]:
        for secret in secrets:
            key(secret.get_secret_value())  # raises ValueError without repeating the secret
        return secrets
