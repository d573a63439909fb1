"""What every channel's table may hold beside what its plugin reads: the way for messages that it could not bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from heliograph.config.settings import Area
from heliograph.core.errors import BadSetting
from heliograph.core.fallback import DEEPEST, TIMED, Reason

#: What a plugin's own settings cannot be called.
COMMON = frozenset({"kind", "fallback"})


class FallbackSettings(Area):
    """Another channel for what this one could not bring."""

    to: str = Field(min_length=1, description="The channel that is taken then.")
    on: list[Reason] = Field(
        [Reason.REFUSED, Reason.BOUNCED],
        description="When: refused (for good, or out of tries), bounced (reported as undelivered), expired (not taken by the provider within `after`), no_receipt (not reported as delivered within `after` of being taken), paused (this channel has been paused for `after`).",
    )
    after: float = Field(
        0.0,
        ge=0,
        description="Seconds to wait; needed for no_receipt and paused. For expired, 0 is as long as tries last.",
    )

    @field_validator("on", mode="before")
    @classmethod
    def _by_commas(cls, value: Any) -> Any:
        return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _timed(self) -> FallbackSettings:
        if not self.on:
            raise ValueError("`on` names no reason")
        waiting = sorted(TIMED.intersection(self.on))
        if waiting and not self.after:
            raise ValueError(f"`after` must say how many seconds {' and '.join(waiting)} waits")
        return self


class ChannelSettings(Area):
    """The settings of every channel, whatever its kind."""

    fallback: FallbackSettings | None = Field(None, description="Another channel for what this one could not bring.")


def common_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a channel's table that is not its plugin's; without `kind`."""
    return {key: value for key, value in values.items() if key in COMMON - {"kind"}}


def plugin_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a channel's table that its plugin reads."""
    return {key: value for key, value in values.items() if key not in COMMON}


def fallbacks(channels: Mapping[str, Mapping[str, Any]]) -> dict[str, FallbackSettings]:
    """The second way of each channel that has one.

    Raises BadSetting for one that cannot be: to a channel that is none, in a circle, or more than three in a row.
    """
    found = {name: given for name, values in channels.items() if (given := _fallback(name, values)) is not None}
    for name in found:
        _check_way(name, found, channels)
    return found


def _fallback(name: str, values: Mapping[str, Any]) -> FallbackSettings | None:
    try:
        return ChannelSettings.model_validate(common_values(values)).fallback
    except ValidationError as error:
        row = error.errors(include_url=False)[0]
        place = ".".join(("channels", name, *map(str, row["loc"])))
        raise BadSetting(f"{place}: {str(row['msg']).removeprefix('Value error, ')}.") from None


def _check_way(name: str, found: Mapping[str, FallbackSettings], channels: Mapping[str, Any]) -> None:
    way = [name]
    while (given := found.get(way[-1])) is not None:
        if given.to not in channels:
            configured = ", ".join(channels) or "none"
            raise BadSetting(
                f"channels.{way[-1]}.fallback.to: there is no channel {given.to[:60]!r}. Configured: {configured}."
            )
        way.append(given.to)
        if given.to in way[:-1]:
            raise BadSetting(f"channels.{name}.fallback: it goes in a circle ({' -> '.join(way)}).")
        if len(way) > DEEPEST + 1:
            raise BadSetting(
                f"channels.{name}.fallback: at most {DEEPEST} channels may follow one another ({' -> '.join(way)})."
            )
