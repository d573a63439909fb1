"""The settings as scripts may read them: plain values by dotted name, without secrets, tables and channels."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

from heliograph.config.describe import describe
from heliograph.config.settings import Settings

Plain = bool | int | float | str | None
_AREA = "scripts.values"


def plain_values(settings: Settings) -> dict[str, Plain]:
    """`messaging.default_plugin` to its value, and `scripts.values.NAME` to what the operator put there."""
    values: dict[str, Plain] = {}
    for setting in describe():
        value: Any = settings
        for part in setting.key.split("."):
            value = getattr(value, part)
        if setting.secret:
            continue
        if isinstance(value, Path | Enum):
            value = value.value if isinstance(value, Enum) else str(value)
        if value is None or isinstance(value, bool | int | float | str):
            values[setting.key] = value
    return values | {f"{_AREA}.{name}": value for name, value in settings.scripts.values.items()}
