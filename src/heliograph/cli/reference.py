"""The command line as a reference page, rendered from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from heliograph.cli.main import app

_HEAD = """# Command line

Rendered from `heliograph.cli` by `make render`; `heliograph COMMAND --help` says the same.

Commands work on the data folder itself, beside a running server or without one; a running server notices within
seconds. `--data` names the folder, else the settings file or the environment does
([settings](settings.md)). What a command prints for people may change; `--json` is for programs. A secret that a
command makes is shown once: only its hash is kept.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | not found, taken, or nothing was done |
| 2 | wrong use, or a set-up that cannot work; the reason is one line on standard error |
"""


def cli_page() -> str:
    """docs/reference/cli.md."""
    root: Any = typer.main.get_command(app)
    return "\n".join([_HEAD, *(_section(path, command) for path, command in _walk(root, "heliograph"))])


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, groups left out, in the order they are declared."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, inner in below.items():
        yield from _walk(inner, f"{path} {name}")


def _section(path: str, command: Any) -> str:
    shown = [parameter for parameter in command.params if parameter.name != "help"]
    arguments = [parameter for parameter in shown if parameter.param_type_name == "argument"]
    usage = " ".join([path, *(_placeholder(argument) for argument in arguments), "[OPTIONS]" if shown else ""]).strip()
    rows = [f"| `{_names(parameter)}` | {_words(parameter)} |" for parameter in shown]
    table = "\n".join(["", "| | |", "|---|---|", *rows, ""]) if rows else ""
    return f"## {path}\n\n`{usage}`\n\n{_prose(command.help or '')}\n{table}"


def _prose(text: str) -> str:
    """The docstring's paragraphs, each on one line."""
    paragraphs = (" ".join(part.split()) for part in text.replace("\f", "").strip().split("\n\n"))
    return "\n\n".join(paragraphs)


def _placeholder(argument: Any) -> str:
    name = str(argument.metavar or argument.name.upper())
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return _placeholder(parameter)
    value = "" if parameter.is_flag else f" {parameter.metavar or _value(parameter.type_descriptor.annotation)}"
    return "`, `".join(parameter.opts) + value


def _value(annotation: Any) -> str:
    """What stands for a value of this type."""
    if get_origin(annotation) is Literal:
        return " or ".join(get_args(annotation))
    inner = next((part for part in get_args(annotation) if part is not type(None)), annotation)
    if isinstance(inner, type) and issubclass(inner, Enum):
        return " or ".join(str(member.value) for member in inner)
    return {int: "N", float: "SECONDS", str: "TEXT", Path: "PATH"}.get(inner, "VALUE")


def _words(parameter: Any) -> str:
    text = str(parameter.help or "")
    default = parameter.default
    plain = isinstance(default, str | int | float) and not isinstance(default, bool) and default != ""
    return f"{text} Default: `{getattr(default, 'value', default)}`." if plain else text
