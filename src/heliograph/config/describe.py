"""The settings as people read them: a reference page, a commented sample file, one setting explained."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from heliograph.config.channels import FallbackSettings
from heliograph.config.load import is_secret
from heliograph.config.settings import Settings
from heliograph.config.sources import PREFIX

_WORDS: dict[Any, str] = {
    int: "whole number",
    float: "number",
    bool: "true or false",
    str: "text",
    Path: "path",
    SecretStr: "text, secret",
    SecretBytes: "bytes, secret",
    IPv4Network: "network",
    IPv6Network: "network",
    Any: "value",
}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
_HEAD = """# Settings

Rendered from `heliograph.config.settings` and the channels' own models by `make render`.

A setting is looked for in a file, then in the environment, then among the flags of the command; the last one
found counts. The file is the one given with `--config`, else the one `HELIOGRAPH_CONFIG` names, else
`heliograph.toml` in the working directory. In the environment, two underscores stand for a dot: `server.port` is
`HELIOGRAPH_SERVER__PORT`; a list is written with commas, or like a table as JSON. An unknown key, or a value that a
setting cannot take, is told before anything starts; only a variable of one bare word that resembles no setting, as
`HELIOGRAPH_IMAGE`, is left alone. `heliograph settings explain KEY` shows the value in force and
where it came from; `heliograph settings sample` prints a file with everything in it.
"""
_CHANNELS_HEAD = """## channels

One table per channel, named as callers name it in `Plugin`; its `kind` chooses the plugin, and the plugin's own
settings stand beside it. The channel `inbox` is there unless another of that name is configured.
"""
_FALLBACK = """Any channel may name another one for messages that it could not bring, in a table `fallback` of its own:
[how](../operating/fallback.md).
"""


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """One setting in words."""

    key: str
    type: str
    default: str  # as TOML; empty: there is none
    required: bool
    secret: bool
    text: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + "__".join(part.upper() for part in self.key.split("."))


def describe(model: type[BaseModel] = Settings, above: str = "") -> Iterator[Described]:
    """Every setting of a model and of the models inside it, in the order they are declared."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from describe(inner, f"{above}{name}.")
        elif above or name != "channels":
            yield _described(above + name, field)


def _described(key: str, field: FieldInfo) -> Described:
    default = field.get_default(call_default_factory=True)
    secret = is_secret(key, field.annotation)
    known = not (field.is_required() or default is PydanticUndefined)
    return Described(
        key=key,
        type=type_words(field.annotation) + _bounds(field),
        default=toml(default) if known else "",
        required=field.is_required(),
        secret=secret,
        text=field.description or "",
    )


def type_words(annotation: Any) -> str:
    """A type as an operator would name it."""
    if annotation in _WORDS:
        return _WORDS[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(str(member.value) for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"a table of {', '.join(annotation.model_fields)}"
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(str(value) for value in inside)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_words(part) for part in inside if part is not type(None)))
    if origin in (list, tuple, set, frozenset):
        return f"list ({', '.join(type_words(part) for part in inside if part is not Ellipsis)})"
    if origin is dict:
        return f"table ({type_words(inside[0])} to {type_words(inside[1])})"
    return type_words(origin) if origin is not None else str(getattr(annotation, "__name__", annotation))


def _bounds(field: FieldInfo) -> str:
    found = []
    for rule in field.metadata:
        found += [f", {words} {getattr(rule, name)}" for name, words in _BOUNDS.items() if hasattr(rule, name)]
    return "".join(found)


def toml(value: Any) -> str:
    """A value as TOML writes it; None, which TOML cannot say, is empty. Secrets are never written."""
    match value:
        case None:
            return ""
        case SecretStr() | SecretBytes():
            return '"..."' if value.get_secret_value() else '""'
        case bool():
            return "true" if value else "false"
        case Enum():
            return toml(value.value)
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else str(value)
        case list() | tuple() | set() | frozenset():
            return f"[{', '.join(toml(part) for part in value)}]"
        case dict():
            pairs = ", ".join(f"{_toml_text(str(key))} = {toml(part)}" for key, part in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            return _toml_text(str(value))


def _toml_text(text: str) -> str:
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def reference_page(channels: Mapping[str, type[BaseModel]]) -> str:
    """docs/reference/settings.md; `channels` are the models of the kinds, by kind."""
    parts = [_HEAD]
    loose = [row for row in describe() if "." not in row.key]
    parts.append("## (top level)\n\n" + _table(loose))
    for name, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            parts.append(f"## {name}\n\n{_opening(model)}\n\n{_table(describe(model, name + '.'))}")
    parts.append(_CHANNELS_HEAD)
    parts.append(f"### Every kind\n\n{_FALLBACK}\n{_table(describe(FallbackSettings, 'channels.NAME.fallback.'))}")
    for kind, model in channels.items():
        rows = list(describe(model, "channels.NAME."))
        body = _table(rows, variables=False) if rows else "It has no settings of its own.\n"
        parts.append(f'### kind = "{kind}"\n\n{_opening(model)}\n\n{body}')
    return "\n".join(parts)


def _opening(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _table(rows: Any, *, variables: bool = True) -> str:
    lines = ["| setting | takes | default | |", "|---|---|---|---|"]
    for row in rows:
        default = "required" if row.required else f"`{row.default}`" if row.default else "none"
        variable = f"<br>`{row.variable}`" if variables else ""
        lines.append(f"| `{row.key}`{variable} | {_cell(row.type)} | {default} | {_cell(row.text)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def sample_file(channels: Mapping[str, type[BaseModel]]) -> str:
    """A settings file that says everything and changes nothing: each setting at its default, as a comment."""
    lines = ["# Settings of a Heliograph gateway. Take away the # before what you change.", ""]
    area = ""
    for row in describe():
        table = row.key.rpartition(".")[0]
        if table != area:
            area = table
            lines += [f"[{table}]", ""]
        lines += _sample_lines(row)
    lines += ["# One table per channel, named as callers name it in Plugin.", "[channels.inbox]", 'kind = "inbox"', ""]
    lines += ["# [channels.NAME.fallback]  # Another channel for what this one could not bring.", ""]
    lines += [line for row in describe(FallbackSettings, "channels.NAME.fallback.") for line in _sample_lines(row)]
    for kind, model in channels.items():
        lines += [f"# [channels.NAME]  # {_opening(model)}", f'# kind = "{kind}"', ""]
        lines += [line for row in describe(model, "channels.NAME.") for line in _sample_lines(row)]
    return "\n".join(lines).rstrip() + "\n"


def _sample_lines(row: Described) -> list[str]:
    name = row.key.rpartition(".")[2]
    value = row.default if row.default and not row.secret else "..."
    takes = f"{row.type}; required" if row.required else row.type
    return [f"# {row.text} ({takes})", f"# {name} = {value}", ""]
