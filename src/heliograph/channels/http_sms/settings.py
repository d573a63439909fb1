"""Which provider takes our SMS, and the account with it."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from heliograph.channels.http_sms.profile import load
from heliograph.channels.sms.settings import SmsSettings
from heliograph.channels.targets import read_target
from heliograph.core.errors import BadSetting
from heliograph.core.ports import AddressRefused


class HttpSmsSettings(SmsSettings):
    """A provider of SMS with an HTTP interface."""

    profile: str = Field(description="The provider: the name of a ready profile, or the path of a .toml file.")
    options: dict[str, SecretStr] = Field(
        {}, description="The account, by the profile's keys; SendMessagesWithConfig may give its own."
    )
    base_url: str = Field("", description="Replaces the scheme and host of the profile's addresses.")
    callback_url: str = Field("", description="Where the provider is asked to send delivery receipts.")
    timeout: float = Field(20.0, gt=0, le=120, description="Seconds the provider may take to answer.")
    concurrency: int = Field(16, ge=1, le=1024, description="Requests under way at once.")

    @field_validator("profile")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            load(name)
        except BadSetting as error:
            raise ValueError(error.detail.removeprefix("profile: ").removesuffix(".")) from None
        return name

    @field_validator("base_url", "callback_url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        if url:
            try:
                read_target(url)
            except AddressRefused as refusal:
                raise ValueError(str(refusal)) from None
        return url
