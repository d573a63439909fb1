"""Where settings come from: the file, the environment, the flags; each value with its place of origin."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from heliograph.core.errors import BadSetting

PREFIX = "HELIOGRAPH_"
#: Variables with our prefix that are read elsewhere: the settings file's own path, and the sealing key.
NOT_SETTINGS = frozenset({"HELIOGRAPH_CONFIG", "HELIOGRAPH_SECRET_KEY"})
#: Kubernetes sets these in every pod of a name space that has a Service called `heliograph`.
_SERVICE_LINK = re.compile(r"HELIOGRAPH_(SERVICE_(HOST|PORT.*)|PORT_\d+_(TCP|UDP).*)")
_HEADER = re.compile(r"\s*\[\[?([^\]]+)\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w.\- ]|"[^"]*"|'[^']*')+?)\s*=""")
_PART = re.compile(r'"([^"]*)"|\'([^\']*)\'|([\w-]+)')

Path_ = tuple[str, ...]


class Leaf(msgspec.Struct, frozen=True):
    """One value that somebody set."""

    value: Any
    origin: str  # heliograph.toml:12, an environment variable's name, a flag
    text: bool = False  # came as text and is still to be read as the setting's type


def from_file(path: Path) -> dict[Path_, Leaf]:
    """Every value of a TOML file. Raises BadSetting when it cannot be read or is not TOML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadSetting(f"The settings file {path} cannot be read: {reason}.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path} is not valid TOML: {error}.") from None
    lines = key_lines(text)
    return {key: Leaf(value, f"{path}:{_line_of(key, lines)}") for key, value in _leaves(table)}


def from_environment(environ: Mapping[str, str]) -> dict[Path_, Leaf]:
    """`HELIOGRAPH_SERVER__PORT` is server.port. A part in capitals is read in lower case, any other as it stands."""
    found = {}
    for name in sorted(environ):
        if name.startswith(PREFIX) and not _foreign(name, environ[name]):
            parts = name.removeprefix(PREFIX).split("__")
            key = tuple(part.lower() if part.isupper() else part for part in parts)
            found[key] = Leaf(environ[name], name, text=True)
    return found


def from_flags(flags: Mapping[str, Any]) -> dict[Path_, Leaf]:
    """Dotted names to values; None is a flag that was not given."""
    return {tuple(key.split(".")): Leaf(value, "flag") for key, value in flags.items() if value is not None}


def _foreign(name: str, value: str) -> bool:
    linked = _SERVICE_LINK.fullmatch(name) or (name == "HELIOGRAPH_PORT" and "://" in value)
    return name in NOT_SETTINGS or bool(linked)


def _leaves(table: Mapping[str, Any], above: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def key_lines(text: str) -> dict[Path_, int]:
    """The line on which each key or table of a TOML text stands, counted from 1.

    TOML readers tell no positions, so this reads only what stands at the start of lines.
    It is asked about files that a real reader has accepted, and a miss costs a line number in a message.
    """
    lines: dict[Path_, int] = {}
    table: Path_ = ()
    quote = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quote:
            quote = "" if quote in line else quote
            continue
        if header := _HEADER.match(line):
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
            quote = next((q for q in ('"""', "'''") if line.count(q) == 1), "")
    return lines


def _parts(dotted: str) -> Path_:
    return tuple(a or b or c for a, b, c in _PART.findall(dotted))


def _line_of(key: Path_, lines: Mapping[Path_, int]) -> int:
    """The key's own line, or that of the inline table around it."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 1)
