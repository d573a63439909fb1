"""Which provider takes our SMS, and the account with it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr, field_validator

from heliograph.channels.http_sms.profile import load
from heliograph.channels.sms.numbers import is_country, read_sender
from heliograph.channels.targets import read_target
from heliograph.config.settings import Area
from heliograph.core.errors import BadSetting
from heliograph.core.ports import AddressRefused


class InDoubt(StrEnum):
    """What becomes of a message when nobody knows whether the provider took it."""

    HOLD = "hold"
    RETRY = "retry"
    FAIL = "fail"


class HttpSmsSettings(Area):
    """A provider of SMS with an HTTP interface."""

    profile: str = Field(description="The provider: the name of a ready profile, or the path of a .toml file.")
    options: dict[str, SecretStr] = Field(
        {}, description="The account, by the profile's keys; SendMessagesWithConfig may give its own."
    )
    sender: str = Field("", description="Who an SMS is from when the message does not say.")
    country: str = Field("", description="Calling code that numbers without one get, as 47; empty: they are refused.")
    base_url: str = Field("", description="Replaces the scheme and host of the profile's addresses.")
    callback_url: str = Field("", description="Where the provider is asked to send delivery receipts.")
    max_parts: int = Field(10, ge=1, le=255, description="A longer text is refused.")
    in_doubt: InDoubt = Field(
        InDoubt.HOLD,
        description="When an answer is lost: hold (send again after ten minutes without a receipt), retry or fail.",
    )
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

    @field_validator("sender")
    @classmethod
    def _shown(cls, sender: str) -> str:
        read_sender(sender)
        return sender

    @field_validator("country")
    @classmethod
    def _calling_code(cls, country: str) -> str:
        if country and not is_country(country):
            raise ValueError("must be a calling code of one to three digits, without plus or zeros")
        return country

    @field_validator("base_url", "callback_url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        if url:
            try:
                read_target(url)
            except AddressRefused as refusal:
                raise ValueError(str(refusal)) from None
        return url
