"""Settings from the file, then the environment, then flags; a mistake is told by name, place and nearest known key."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from heliograph.config.channels import ChannelSettings, common_values, fallbacks, plugin_values
from heliograph.config.settings import Settings
from heliograph.config.sources import Leaf, Path_, from_environment, from_file, from_flags
from heliograph.core.errors import BadSetting

DEFAULT_FILE = "heliograph.toml"
DEFAULT = "default"
#: The model of a kind of channel; raises BadSetting or BrokenPlugin for a kind that nobody brings.
ChannelModel = Callable[[str], type[BaseModel]]
_Model = TypeVar("_Model", bound=BaseModel)
_LEAD = re.compile(r"Input (should be|is not) |Value error, ")
_SECRET_WORDS = ("secret", "password", "token", "api_key", "private_key", "credential", "auth")


class Loaded(msgspec.Struct, frozen=True):
    """The settings, and where each came from by its dotted name: default, file:line, a variable, flag."""

    settings: Settings
    origins: dict[str, str]


def settings_file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: the one asked for, else HELIOGRAPH_CONFIG, else heliograph.toml here when there is one."""
    if path is not None:
        return path
    if named := environ.get("HELIOGRAPH_CONFIG"):
        return Path(named)
    return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).is_file() else None


def load(
    path: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, Any],
    *,
    channel_model: ChannelModel | None = None,
) -> Loaded:
    """Read and check everything. `flags` are by dotted name, None meaning not given.

    With `channel_model` each table under `channels` is checked by the model its `kind` brings.
    Raises BadSetting naming the key, its place, and what was expected or the nearest known key.
    """
    file = settings_file(path, environ)
    layers: list[dict[Path_, Leaf]] = [
        {("channels", "inbox", "kind"): Leaf("inbox", DEFAULT)},  # stays unless a file says otherwise of `inbox`
        from_file(file) if file is not None else {},
        _meant_for_us(from_environment(environ)),
        from_flags(flags),
    ]
    leaves = _merged(layers)
    models = _channel_models(leaves, channel_model)
    tree = _tree(leaves, models)
    settings = _validated(Settings, tree, leaves, ())
    for name, model in models.items():
        _validated(ChannelSettings, common_values(settings.channels[name]), leaves, ("channels", name))
        _validated(model, plugin_values(settings.channels[name]), leaves, ("channels", name))
    fallbacks(settings.channels)
    _check_pairs(settings, leaves)
    origins = dict.fromkeys(known_keys(), DEFAULT)
    origins |= {".".join(key): leaf.origin for key, leaf in leaves.items()}
    return Loaded(settings, origins)


def known_keys(model: type[BaseModel] = Settings, above: str = "") -> list[str]:
    """The dotted names of all settings of a model, in the order they are declared; `channels` stands for its tables."""
    keys: list[str] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            keys += known_keys(inner, f"{above}{name}.")
        else:
            keys.append(above + name)
    return keys


def is_secret(key: str, annotation: Any = None) -> bool:
    """Whether a value must not be shown: by its type, or, where the type says nothing, by its name."""
    if annotation is not None and any(part in (SecretStr, SecretBytes) for part in _parts_of(annotation)):
        return True
    last = key.rsplit(".", 1)[-1].lower()
    return any(word in last for word in _SECRET_WORDS)


def _parts_of(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts_of(part)


def _merged(layers: list[dict[Path_, Leaf]]) -> dict[Path_, Leaf]:
    """Later layers win; a value for a whole table replaces everything below it."""
    merged: dict[Path_, Leaf] = {}
    for layer in layers:
        for key, leaf in layer.items():
            for below in [k for k in merged if k[: len(key)] == key]:
                del merged[below]
            merged[key] = leaf
    return merged


def _meant_for_us(found: dict[Path_, Leaf]) -> dict[Path_, Leaf]:
    """Without the variables that only share our prefix: one bare word that resembles no setting, as HELIOGRAPH_IMAGE."""
    return {
        key: leaf
        for key, leaf in found.items()
        if len(key) > 1 or _near(Settings, key) or key[0] in Settings.model_fields
    }


def _channel_models(leaves: Mapping[Path_, Leaf], channel_model: ChannelModel | None) -> dict[str, type[BaseModel]]:
    models = {}
    for name in dict.fromkeys(key[1] for key in leaves if key[0] == "channels" and len(key) > 1):
        kind = leaves.get(("channels", name, "kind"))
        if kind is None:
            place = next(leaf.origin for key, leaf in leaves.items() if key[:2] == ("channels", name))
            raise BadSetting(f'{place}: channels.{name} has no kind: say which plugin reads it, kind = "...".')
        if channel_model is not None:
            try:
                models[name] = channel_model(str(kind.value))
            except BadSetting as error:
                raise BadSetting(f"{kind.origin}: channels.{name}.kind: {error.detail}") from None
    return models


def _tree(leaves: Mapping[Path_, Leaf], models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, leaf in leaves.items():
        node = tree
        for depth, part in enumerate(key[:-1], 1):
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise BadSetting(
                    f"{leaf.origin}: {'.'.join(key[:depth])} is given a value, so it cannot hold {key[-1]}."
                )
        node[key[-1]] = _read(leaf.value, _annotation(key, models)) if leaf.text else leaf.value
    return tree


def _annotation(key: Path_, models: Mapping[str, type[BaseModel]]) -> Any:
    model: Any = Settings
    if key[0] == "channels" and len(key) > 2:
        model, key = models.get(key[1]), key[2:]
    for part in key:
        if not (isinstance(model, type) and issubclass(model, BaseModel)) or part not in model.model_fields:
            return None
        model = model.model_fields[part].annotation
    return model


def _read(text: str, annotation: Any) -> Any:
    """A variable's text as the shape its setting has: lists by commas or as JSON, tables as JSON, the rest as it is."""
    shapes = {get_origin(part) or part for part in _parts_of(annotation)}
    if shapes & {dict, list, tuple} and text.strip()[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    if shapes & {list, tuple} and dict not in shapes:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _validated(model: type[_Model], tree: Any, leaves: Mapping[Path_, Leaf], above: Path_) -> _Model:
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadSetting(_complaint(model, first, leaves, above)) from None


def _complaint(model: type[BaseModel], error: ErrorDetails, leaves: Mapping[Path_, Leaf], above: Path_) -> str:
    inside = _names(error["loc"])
    key = ".".join((*above, *inside))
    place = _place((*above, *inside), leaves)
    if error["type"] == "extra_forbidden":
        return f"{place}: {key} is not a setting.{_nearest(model, inside, above)}"
    if error["type"] == "missing":
        return f"{place}: {key} is missing: this channel needs it."
    expected = _LEAD.sub("", error["msg"]).rstrip(".")
    if is_secret(key, _annotation_in(model, inside)):
        return f"{place}: {key} has a value it cannot take (not shown, it is a secret). Expected: {expected}."
    return f"{place}: {key} cannot be {_shown(error['input'])}. Expected: {expected}."


def _names(loc: tuple[int | str, ...]) -> Path_:
    """The names and list positions of an error's place, without pydantic's notes on which branch it tried."""
    parts = [str(part) for part in loc]
    return tuple(takewhile(lambda part: "[" not in part, parts))


def _annotation_in(model: type[BaseModel], inside: Path_) -> Any:
    """The annotation of the field an error is in, looking through list positions."""
    found: Any = model
    for part in inside:
        if isinstance(found, type) and issubclass(found, BaseModel) and part in found.model_fields:
            found = found.model_fields[part].annotation
    return found


def _place(key: Path_, leaves: Mapping[Path_, Leaf]) -> str:
    """Where the value was set: its own origin, else that of what is nearest around or below it."""
    for length in range(len(key), 0, -1):
        for known, leaf in leaves.items():
            if known[:length] == key[:length]:
                return leaf.origin
    return "settings"


def _nearest(model: type[BaseModel], inside: Path_, above: Path_) -> str:
    """What the reader may have meant, as a sentence; nothing when no known name is near."""
    prefix = ".".join(above) + "." if above else ""
    close = _near(model, inside)
    return f" Did you mean {prefix}{close}?" if close else ""


def _near(model: type[BaseModel], inside: Path_) -> str:
    """The nearest known name: the same word elsewhere, then a neighbour, then any last part, then an area."""
    keys = known_keys(model)
    by_last = {key.rsplit(".", 1)[-1]: key for key in reversed(keys)}
    area = ".".join(inside[:-1])
    neighbours = {key.rsplit(".", 1)[-1]: key for key in keys if key.rpartition(".")[0] == area}
    areas = {name: name for name in model.model_fields}
    if inside[-1] in by_last:
        return by_last[inside[-1]]
    for word, known, cutoff in (
        (inside[-1], neighbours, 0.6),
        (inside[0], {} if inside[0] in areas else areas, 0.7),
        (inside[-1], by_last, 0.7),
    ):
        if close := difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff):
            return known[close[0]]
    return ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _check_pairs(settings: Settings, leaves: Mapping[Path_, Leaf]) -> None:
    """Settings that only make sense together."""
    for name in settings.quotas.channels:
        if name not in settings.channels:
            place, configured = _place(("quotas", "channels", name), leaves), ", ".join(settings.channels) or "none"
            raise BadSetting(
                f"{place}: quotas.channels.{name[:60]}: there is no channel {name[:60]!r}. Configured: {configured}."
            )
    server = settings.server
    if (server.tls_cert is None) != (server.tls_key is None):
        given, absent = ("tls_cert", "tls_key") if server.tls_key is None else ("tls_key", "tls_cert")
        place = _place(("server", given), leaves)
        raise BadSetting(f"{place}: server.{given} needs server.{absent} beside it.")
