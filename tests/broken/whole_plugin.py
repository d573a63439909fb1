"""The one that works: the scripted channel as a package would bring it."""

from pydantic import Field, SecretStr

from heliograph.channels.plugin import Plugin
from heliograph.config.settings import Area
from heliograph.testing.scripted import ScriptedChannel


class WholeSettings(Area):
    """Two settings, one of them secret."""

    level: int = Field(1, ge=0, le=9, description="How loud.")
    token: SecretStr = Field(SecretStr(""), description="Opens the door.")


PLUGIN = Plugin(
    kind="whole",
    description="Takes everything and keeps it.",
    settings=WholeSettings,
    build=lambda name, settings, tools: ScriptedChannel(),
)
TWICE = Plugin(kind="twice", description="Is claimed twice.", settings=WholeSettings, build=PLUGIN.build)
