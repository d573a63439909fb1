"""`heliograph settings`: what is in force, where it came from, what there is to set."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import typer
from pydantic import BaseModel

from heliograph.channels import registry
from heliograph.cli.common import ConfigOption, DataOption, JsonOption, loaded_from
from heliograph.cli.output import console, plain, print_json, say, table
from heliograph.config.channels import ChannelSettings, FallbackSettings, common_values, plugin_values
from heliograph.config.describe import Described, describe, reference_page, sample_file, toml
from heliograph.config.load import DEFAULT, Loaded, is_secret
from heliograph.core.errors import NotFound

app = typer.Typer(no_args_is_help=True, help="Settings: show, explain, sample, reference.")

_HIDDEN = "(secret, not shown)"


class InForce(msgspec.Struct, frozen=True):
    """One setting as it is now."""

    key: str
    value: str  # as TOML; a secret is not shown
    origin: str


def in_force(loaded: Loaded) -> list[InForce]:
    """Every setting with its value and origin, the channels' own included."""
    rows = [_row(row, _value(loaded.settings, row.key), loaded) for row in describe()]
    for name, values in loaded.settings.channels.items():
        above = f"channels.{name}."
        rows.append(InForce(f"{above}kind", toml(values["kind"]), loaded.origins.get(f"{above}kind", DEFAULT)))
        model = registry.load(values["kind"]).settings
        options = model.model_validate(plugin_values(values))
        rows += [_row(row, _value(options, row.key.removeprefix(above)), loaded) for row in describe(model, above)]
        if (fallback := ChannelSettings.model_validate(common_values(values)).fallback) is not None:
            above += "fallback."
            every = describe(FallbackSettings, above)
            rows += [_row(row, _value(fallback, row.key.removeprefix(above)), loaded) for row in every]
    return rows


def _row(row: Described, value: Any, loaded: Loaded) -> InForce:
    below = [origin for key, origin in loaded.origins.items() if key.startswith(f"{row.key}.")]
    origin = ", ".join(dict.fromkeys(below)) or loaded.origins.get(row.key, DEFAULT)
    hidden = row.secret or is_secret(row.key)
    return InForce(row.key, _HIDDEN if hidden and value else toml(value), origin)


def _value(settings: BaseModel, key: str) -> Any:
    found: Any = settings
    for part in key.split("."):
        found = getattr(found, part)
    return found


def models_by_kind() -> Mapping[str, type[BaseModel]]:
    """The settings model of every kind of channel that comes with the gateway."""
    return {kind: registry.load(kind).settings for kind in registry.BUILT_IN}


@app.command("show")
def show(
    changed: Annotated[bool, typer.Option("--changed", help="Only what differs from the defaults.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show every setting in force and where it came from. Secrets are not shown."""
    rows = [row for row in in_force(loaded_from(config, data)) if not (changed and row.origin == DEFAULT)]
    if json:
        print_json(rows)
        return
    cells = [
        (plain(row.key), plain(row.value), f"[dim]{DEFAULT}[/]" if row.origin == DEFAULT else plain(row.origin))
        for row in rows
    ]
    console().print(table(("setting", "value", "from"), cells))


@app.command("explain")
def explain(
    key: Annotated[str, typer.Argument(help="A setting by its dotted name, as server.port.")],
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Explain one setting: what it does, what it takes, its value and where that came from."""
    loaded = loaded_from(config, data)
    rows = {row.key: row for row in in_force(loaded)}
    if key not in rows:
        close = difflib.get_close_matches(key, list(rows), n=1)
        hint = f" Did you mean {close[0]}?" if close else " `heliograph settings show` lists them all."
        raise NotFound(f"There is no setting {key[:100]!r}.{hint}")
    told = _told(key, loaded)
    answer = {
        "key": key,
        "text": told.text,
        "takes": told.type,
        "default": told.default,
        "value": rows[key].value,
        "origin": rows[key].origin,
        "variable": told.variable,
    }
    if json:
        print_json(answer)
        return
    say(f"{key}: {told.text}")
    say(f"  takes      {told.type}")
    say(f"  default    {'required' if told.required else told.default or 'none'}")
    say(f"  value      {rows[key].value or 'none'}")
    say(f"  from       {rows[key].origin}")
    say(f"  variable   {told.variable}")


def _told(key: str, loaded: Loaded) -> Described:
    parts = key.split(".")
    if parts[0] != "channels":
        return next(row for row in describe() if row.key == key)
    above = f"channels.{parts[1]}."
    if key == f"{above}kind":
        kinds = " or ".join(registry.kinds())
        text = "Which plugin reads this table."
        return Described(key=key, type=kinds, default="", required=True, secret=False, text=text)
    if parts[2] == "fallback":
        return next(row for row in describe(FallbackSettings, f"{above}fallback.") if row.key == key)
    model = registry.load(loaded.settings.channels[parts[1]]["kind"]).settings
    return next(row for row in describe(model, above) if row.key == key)


@app.command("sample")
def sample() -> None:
    """Print a settings file with everything in it, commented out at its default."""
    print(sample_file(models_by_kind()), end="")


@app.command("reference")
def reference() -> None:
    """Print the reference page of all settings, in Markdown."""
    print(reference_page(models_by_kind()), end="")
