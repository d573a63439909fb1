"""Which provider takes our SMS, and the account with it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from heliograph.channels.http_sms.profile import load
from heliograph.channels.sms.settings import SmsSettings
from heliograph.channels.urls import Url
from heliograph.core.errors import BadSetting

_SHORTEST_KEY = 16  # characters


class HttpSmsSettings(SmsSettings):
    """A provider of SMS with an HTTP interface."""

    profile: str = Field(description="The provider: the name of a ready profile, or the path of a .toml file.")
    options: dict[str, SecretStr] = Field(
        {}, description="The account, by the profile's keys; SendMessagesWithConfig may give its own."
    )
    base_url: Url = Field("", description="Replaces the scheme and host of the profile's addresses.")
    callback_url: Url = Field(
        "",
        description="This gateway's /callbacks/NAME as the provider reaches it, to ask for receipts with each message.",
    )
    callback_key: SecretStr = Field(
        SecretStr(""),
        description="What a receipt must bring as `key` in its address, unless the provider signs; at least 16 letters and digits.",
    )
    replies_to: str = Field("", description="User name of whoever gets messages from phones; empty: they are refused.")
    replies_company: int = Field(1, ge=1, description="The company of that user.")
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

    @field_validator("callback_key")
    @classmethod
    def _hard_to_guess(cls, key: SecretStr) -> SecretStr:
        text = key.get_secret_value()
        if text and not (len(text) >= _SHORTEST_KEY and text.isascii() and text.isalnum()):
            raise ValueError(f"must be at least {_SHORTEST_KEY} letters and digits")
        return key

    @model_validator(mode="after")
    def _receipts_can_be_believed(self) -> Self:
        if self.callback_url and not self.callback_key.get_secret_value() and not self._signed():
            raise ValueError(
                "callback_url needs a callback_key, or the secret by which the provider signs: without one anybody could"
                " send receipts"
            )
        return self

    def _signed(self) -> bool:
        """Whether receipts are signed with a secret that is set."""
        receipts = load(self.profile).receipts
        return receipts is not None and receipts.proof is not None and receipts.proof.secret in self.options
