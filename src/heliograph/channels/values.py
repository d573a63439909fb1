"""A channel's settings table as its plugin's model, or a sentence saying which key is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from heliograph.channels.plugin import Plugin
from heliograph.config.load import is_secret
from heliograph.config.settings import Area
from heliograph.core.errors import BadSetting


def read_settings(name: str, plugin: Plugin, values: Mapping[str, Any]) -> Area:
    """The table of channel `name` as the plugin's model.

    Raises BadSetting naming the key, the nearest known key for an unknown one, and the value unless it is secret.
    """
    try:
        return plugin.settings.model_validate(dict(values))
    except ValidationError as error:
        # From None: pydantic's own text repeats the values, and some of them are secret.
        raise BadSetting(" ".join(_complaint(name, plugin.settings, row) for row in error.errors())) from None


def _complaint(name: str, model: type[Area], row: Any) -> str:
    path = ".".join(str(part) for part in row["loc"])
    field = str(row["loc"][0]) if row["loc"] else ""
    known = list(model.model_fields)
    if row["type"] == "extra_forbidden" and len(row["loc"]) == 1:
        close = get_close_matches(field, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}."
        return f"channels.{name}.{path} is not a setting; {hint}"
    where = f"channels.{name}.{path}" if path else f"channels.{name}"
    text = str(row["msg"]).removeprefix("Value error, ")
    hidden = field not in known or row["type"] == "missing" or is_secret(field, model.model_fields[field].annotation)
    shown = "" if hidden else f" (it is {row['input']!r:.60})"
    return f"{where}: {text}{shown}."
