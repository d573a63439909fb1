"""Whose account with the provider a message goes by: ours, from the settings, or the one its caller brought."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.channels.http_sms.profile import Option
from heliograph.channels.http_sms.settings import HttpSmsSettings


class Account:
    """The values of a profile's options. They are secrets."""

    def __init__(self, options: Mapping[str, Option], settings: HttpSmsSettings) -> None:
        self._options = options
        self._defaults = {name: option.default for name, option in options.items()}
        ours = {name: secret.get_secret_value() for name, secret in settings.options.items()}
        self.ours = self._defaults | ours

    def of(self, config: dict[str, str]) -> dict[str, str]:
        """The account that a message brings, or else ours: the caller's own whole, never half of theirs with half of ours."""
        return self._defaults | config if config else self.ours

    def missing(self, values: Mapping[str, str]) -> str:
        """The first option that is required and not there; empty when there is none."""
        wanted = (name for name, option in self._options.items() if option.required)
        return next((name for name in wanted if not values.get(name)), "")
