"""How much companies may send, and how much one address is sent, as settings."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, field_validator, model_validator

from heliograph.config.area import Area


class Allowance(Area):
    """So much in each hour, day and month of UTC."""

    hour: int = Field(0, ge=0, description="Most messages in an hour; 0 is without a limit.")
    day: int = Field(0, ge=0, description="Most messages in a day; 0 is without a limit.")
    month: int = Field(0, ge=0, description="Most messages in a month; 0 is without a limit.")


class AddressAllowance(Area):
    """How much one address may be sent, whoever sends it."""

    most: int = Field(
        0, ge=0, description="Most messages to one address on one channel in a window; 0 is without a limit."
    )
    window: float = Field(3600.0, ge=1, le=31 * 86400, description="Seconds of a window; windows follow the clock.")


class Spending(Area):
    """So much money in each hour, day and month of UTC."""

    hour: float = Field(0.0, ge=0, description="Most money in an hour, by `prices`; 0 is without a limit.")
    day: float = Field(0.0, ge=0, description="Most money in a day, by `prices`; 0 is without a limit.")
    month: float = Field(0.0, ge=0, description="Most money in a month, by `prices`; 0 is without a limit.")


class QuotaSettings(Area):
    """How much a company may send. What is over a limit is refused before it is kept."""

    company: Allowance = Field(Allowance(), description="Messages of each company.")
    companies: dict[str, Allowance] = Field({}, description="The same for single companies, by id, in place of that.")
    channels: dict[str, Allowance] = Field(
        {}, description="What each company sends by a channel, by its name; an SMS counts by its parts."
    )
    prefixes: dict[str, Allowance] = Field(
        {},
        description="What each company sends to telephone numbers that begin so, as +44, by parts; the longest counts.",
    )
    countries: list[str] = Field(
        [], description="How telephone numbers must begin that are sent to at all, as +47; empty: any."
    )
    prices: dict[str, float] = Field(
        {},
        description="What a part of an SMS costs to numbers that begin so, as +47, in whatever money; the longest counts.",
    )
    spending: Spending = Field(Spending(), description="What each company may spend by these prices.")
    address: AddressAllowance = AddressAllowance()

    @field_validator("companies")
    @classmethod
    def _ids(cls, value: dict[str, Allowance]) -> dict[str, Allowance]:
        if not all(re.fullmatch(r"[1-9][0-9]{0,18}", id) for id in value):
            raise ValueError("each key must be a company's id, as 3")
        return value

    @field_validator("prices")
    @classmethod
    def _costs(cls, value: dict[str, float]) -> dict[str, float]:
        if not all(0 <= price <= 1_000_000 for price in value.values()):
            raise ValueError("each price must be from 0 to 1000000")
        return value

    @field_validator("prefixes", "countries", "prices")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        if not all(re.fullmatch(r"\+[1-9][0-9]{0,13}", prefix) for prefix in value):
            raise ValueError("each must be the beginning of a telephone number with its country's code, as +47")
        return value

    @model_validator(mode="after")
    def _priced(self) -> QuotaSettings:
        if self.spending != Spending() and not self.prices:
            raise ValueError("`spending` needs `prices`")
        return self
