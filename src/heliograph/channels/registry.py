"""Which kinds of channel there are, built in and installed, and the configured channels made from them."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from heliograph.channels.plugin import Plugin, Tools
from heliograph.channels.values import read_settings
from heliograph.config.channels import COMMON, plugin_values
from heliograph.config.settings import Area
from heliograph.core.errors import BadSetting, BrokenPlugin
from heliograph.core.ports import Channel, Traits

GROUP = "heliograph.channels"  # the entry point group of channel packages

#: The kinds that come with the gateway: where each keeps its Plugin.
BUILT_IN = {
    "inbox": "heliograph.channels.inbox.channel",
    "webhook": "heliograph.channels.webhook.channel",
    "email": "heliograph.channels.email.channel",
    "http_sms": "heliograph.channels.http_sms.channel",
    "smpp": "heliograph.channels.smpp.channel",
    "stub": "heliograph.channels.stub.channel",
    "apns": "heliograph.channels.apns.channel",
    "fcm": "heliograph.channels.fcm.channel",
    "webpush": "heliograph.channels.webpush.channel",
    "apprise": "heliograph.channels.apprise.channel",
}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", re.ASCII)
_CALLS = ("resolve", "send", "check", "close")


def installed() -> dict[str, list[EntryPoint]]:
    """The entry points of channel packages by kind; more than one for a kind is an error once that kind is used."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return found


def kinds() -> list[str]:
    """Every kind that a channel's table may name."""
    return sorted({*BUILT_IN, *installed()})


def load(kind: str) -> Plugin:
    """The plugin of that kind. Raises BadSetting for an unknown one, BrokenPlugin for a package that cannot be used."""
    points = installed().get(kind, [])
    if kind in BUILT_IN:
        if points:
            raise BrokenPlugin(f"The package {_package(points[0])} claims the kind {kind!r}, which is built in.")
        return _built_in(kind)
    if not points:
        raise BadSetting(f"There is no kind of channel {kind[:60]!r}.{_nearest(kind, kinds())}")
    if len(points) > 1:
        raise BrokenPlugin(
            f"The kind {kind!r} is claimed by {' and '.join(map(_package, points))}: remove one of them."
        )
    return _from_package(points[0])


def build_channels(table: Mapping[str, Mapping[str, Any]], tools: Tools) -> dict[str, Channel]:
    """Every configured channel by its name. Raises BadSetting and BrokenPlugin; nothing has been connected yet."""
    return {name: build_channel(name, values, tools) for name, values in table.items()}


def build_channel(name: str, values: Mapping[str, Any], tools: Tools) -> Channel:
    """One channel from its table, whose `kind` chooses the plugin that reads the rest."""
    if not _NAME.fullmatch(name):
        raise BadSetting(f"channels.{name[:60]}: a channel's name is letters, digits, dot, dash and underscore.")
    kind = values.get("kind")
    if not isinstance(kind, str) or not kind:
        raise BadSetting(f"channels.{name}.kind is missing: one of {', '.join(kinds())}.")
    plugin = load(kind)
    settings = read_settings(name, plugin, plugin_values(values))
    return _sound(_built(name, plugin, settings, tools), plugin)


def _built_in(kind: str) -> Plugin:
    plugin = importlib.import_module(BUILT_IN[kind]).PLUGIN
    assert isinstance(plugin, Plugin)  # noqa: S101 - ours; a test walks them all
    return plugin


def _from_package(point: EntryPoint) -> Plugin:
    where = f"The package {_package(point)} ({point.value})"
    try:
        plugin = point.load()
    except Exception as error:
        # A stranger's module may fail in any way while it is imported.
        raise BrokenPlugin(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(plugin, Plugin):
        raise BrokenPlugin(f"{where} gives a {type(plugin).__name__} where a heliograph Plugin is wanted.")
    if plugin.kind != point.name:
        raise BrokenPlugin(f"{where} is registered as {point.name!r} and calls itself {plugin.kind!r}.")
    if not (isinstance(plugin.settings, type) and issubclass(plugin.settings, Area)):
        raise BrokenPlugin(f"{where}: its settings are not a subclass of heliograph.config.settings.Area.")
    if taken := sorted(COMMON & plugin.settings.model_fields.keys()):
        raise BrokenPlugin(f"{where}: its settings must not have a field `{taken[0]}`, which every channel has.")
    if not callable(plugin.build):
        raise BrokenPlugin(f"{where}: its build cannot be called.")
    return plugin


def _built(name: str, plugin: Plugin, settings: Area, tools: Tools) -> object:
    try:
        return plugin.build(name, settings, tools)
    except BadSetting:
        raise  # a rule between settings that the model alone could not check
    except Exception as error:
        # Only the kind of error: its text may hold a setting's value, and settings hold secrets.
        raise BrokenPlugin(f"The plugin {plugin.kind!r} failed to build {name!r}: {type(error).__name__}.") from error


def _sound(channel: object, plugin: Plugin) -> Channel:
    """The channel, once it is seen to have what dispatch will call. Raises BrokenPlugin naming what is missing."""
    for call in _CALLS:
        if not inspect.iscoroutinefunction(getattr(channel, call, None)):
            raise BrokenPlugin(f"The channel of plugin {plugin.kind!r} has no `async def {call}`.")
    if not isinstance(getattr(channel, "traits", None), Traits):
        raise BrokenPlugin(f"The channel of plugin {plugin.kind!r} has no `traits` of type Traits.")
    return channel  # type: ignore[return-value]  # just checked, member by member


def _package(point: EntryPoint) -> str:
    return repr(point.dist.name if point.dist is not None else point.module)


def _nearest(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(known)}."
