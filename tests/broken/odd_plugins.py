"""Plugins that can be imported and are each wrong in one way."""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel
from whole_plugin import PLUGIN, WholeSettings

from heliograph.channels.plugin import Tools
from heliograph.testing.scripted import ScriptedChannel


class Hollow:
    """A channel with nothing in it."""


class Untrait(ScriptedChannel):
    """A channel that takes its traits for a list."""

    def __init__(self) -> None:
        super().__init__()
        self.traits = ["text/plain"]  # type: ignore[assignment]


class Blocking(ScriptedChannel):
    """A channel that was written for threads."""

    def send(self, letter: Any) -> Any:  # type: ignore[override]
        """Not a coroutine."""
        return letter


class NotAnArea(BaseModel):
    """Would take unknown keys without a word."""


class Kindly(WholeSettings):
    """Wants for itself the key that chooses the plugin."""

    kind: str = "soft"


def explode(name: str, settings: Any, tools: Tools) -> Any:
    """Fails, and would tell the secret if it were asked why."""
    raise RuntimeError(f"no door opens with {settings.token.get_secret_value()}")


MISTAKEN = {"kind": "mistaken"}
MISNAMED = PLUGIN
UNSET = replace(PLUGIN, kind="unset", settings=NotAnArea)  # type: ignore[arg-type]
KINDLY = replace(PLUGIN, kind="kindly", settings=Kindly)
UNCALLABLE = replace(PLUGIN, kind="uncallable", build=None)  # type: ignore[arg-type]
EXPLODING = replace(PLUGIN, kind="exploding", build=explode)
HOLLOW = replace(PLUGIN, kind="hollow", build=lambda name, settings, tools: Hollow())
UNTRAIT = replace(PLUGIN, kind="untrait", build=lambda name, settings, tools: Untrait())
BLOCKING = replace(PLUGIN, kind="blocking", build=lambda name, settings, tools: Blocking())
