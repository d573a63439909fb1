"""What the docs name is there: commands and their options, settings, addresses of REST, files, metrics."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel
from tests.docs.pages import CODE, DOCS, FENCE, PAGES, ROOT, read

from heliograph.channels.registry import BUILT_IN, load
from heliograph.cli.main import app
from heliograph.config.channels import ChannelSettings
from heliograph.config.settings import Settings
from heliograph.edge.openapi.document import document

TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"[\w./-]+/[\w.-]+\.(?:py|sql|toml|yml|md)")
ADDRESS = re.compile(r"(?:\b(GET|POST|PUT|DELETE) )?(/api/v2/[a-z0-9/{}_]*[a-z0-9}])")
#: Pages with TOML that is no settings file: profiles of SMS providers, a package's own project file.
OTHER_TOML = {"docs/channels/http_sms.md", "docs/adding-a-channel.md"}
#: The kind of channel that the example package brings.
OTHER_KINDS = {"matrix"}
#: In the environment, and no setting.
OTHER_VARIABLES = {"HELIOGRAPH_SECRET_KEY", "HELIOGRAPH_CONFIG", "HELIOGRAPH_IMAGE"}
#: What scripts import is called `log` too.
OTHER_SPANS = {"log.info"}
#: What OpenAPI cannot describe.
SOCKET = "/api/v2/inbox/socket"


def commands(page: Path) -> Iterator[str]:
    """Every command line of ours: in a span of code, or at the beginning of a line of a block."""
    text = read(page)
    yield from (span for span in CODE.findall(FENCE.sub("", text)) if span.startswith("heliograph "))
    for block in FENCE.findall(text):
        yield from (line.strip() for line in block.splitlines() if line.strip().startswith("heliograph "))


def does_not_run(line: str) -> bool:
    """Whether a command line names a command or an option that is not there."""
    command: Any = typer.main.get_command(app)
    for word in re.split(r" #| [|>&;]", line)[0].split()[1:]:
        below = getattr(command, "commands", None)
        if word.startswith("--") and below is None:
            if word.partition("=")[0] not in {name for parameter in command.params for name in parameter.opts}:
                return word != "--help"
        elif below is not None and not word.startswith("-") and not word.isupper():
            if word not in below:
                return True
            command = below[word]
    return False


def fields(kind: Any) -> dict[str, Any] | None:
    """What a table of settings may hold, by name; None where any name will do."""
    models = [part for part in (kind, *get_args(kind)) if isinstance(part, type) and issubclass(part, BaseModel)]
    if not models or str(kind).startswith("dict["):
        return None
    return {name: field.annotation for name, field in models[0].model_fields.items()}


def channel_fields(kind: str | None) -> dict[str, Any]:
    """What the table of a channel may hold; without a kind, what any of them may."""
    kinds = [kind] if kind in BUILT_IN else list(BUILT_IN)
    own = {name: field.annotation for each in kinds for name, field in load(each).settings.model_fields.items()}
    return {"kind": str, **(fields(ChannelSettings) or {}), **own}


def is_setting(path: list[str], kind: Any = Settings) -> bool:
    """Whether there is such a setting, or such an area of them."""
    if not path:
        return True
    if kind is Settings and path[0] == "channels":
        return len(path) < 3 or path[2] in channel_fields(None)
    known = fields(kind)
    if known is not None:
        return path[0] in known and is_setting(path[1:], known[path[0]])
    inner = get_args(kind)
    return not inner or is_setting(path[1:], inner[-1])


def named_settings(page: Path) -> Iterator[str]:
    """Every setting that a page names as `area.key`, or by its variable of the environment."""
    areas = {name for name, field in Settings.model_fields.items() if fields(field.annotation)} | {"channels"}
    text = read(page)
    for span in CODE.findall(FENCE.sub("", text)):
        found = re.match(r"([a-z_]+)\.[A-Za-z_][\w.-]*(?= = |$)", span)
        if found and found[1] in areas and span not in OTHER_SPANS and not span.endswith((".py", ".md", ".toml")):
            yield found[0]
    for variable in set(re.findall(r"HELIOGRAPH_[A-Z_]+", text)) - OTHER_VARIABLES:
        yield variable.removeprefix("HELIOGRAPH_").lower().replace("__", ".")


def written_settings(page: Path) -> Iterator[str]:
    """Every setting that the blocks of TOML on a page write."""
    for block in TOML.findall(read(page)):
        table = tomllib.loads(block)
        if str(page.relative_to(ROOT)) in OTHER_TOML and not table.keys() & Settings.model_fields.keys():
            continue
        for name, channel in table.pop("channels", {}).items():
            if channel.get("kind") in OTHER_KINDS:
                continue
            known = channel_fields(channel.get("kind"))
            yield from (f"channels.{name}.{key}" if key in known else f"no such key: {key}" for key in channel)
        for area, values in table.items():
            yield from (f"{area}.{key}" for key in values) if isinstance(values, dict) else [area]


def addresses() -> set[tuple[str, str]]:
    """Every verb and address of REST that the gateway describes; with no verb, every address."""
    described = {
        (verb.upper(), re.sub(r"{\w+}", "{}", path)) for path, verbs in document("")["paths"].items() for verb in verbs
    }
    return described | {("", path) for _, path in described} | {("", SOCKET)}


def is_a_file_of_ours(name: str) -> bool:
    """Whether there is such a file, named from the root or from the package."""
    return any((top / name).is_file() for top in (ROOT, ROOT / "src/heliograph"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_is_there_with_its_options(page: Path) -> None:
    assert [line for line in commands(page) if does_not_run(line)] == []


def test_a_command_that_is_not_there_would_be_found() -> None:
    assert does_not_run("heliograph user vanish NAME")
    assert does_not_run("heliograph serve --with-a-smile &")
    assert not does_not_run("heliograph message retry --all")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_a_page_names_is_there(page: Path) -> None:
    named = [*named_settings(page), *written_settings(page)]
    assert [name for name in named if not is_setting(name.split("."))] == []


def test_a_setting_that_is_not_there_would_be_found() -> None:
    assert not is_setting(["server", "colour"])
    assert not is_setting(["quotas", "company", "minute"])
    assert not is_setting(["channels", "sms", "colour"])
    assert is_setting(["quotas", "companies", "3", "day"])
    assert is_setting(["channels", "sms", "system_id"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_of_ours_that_a_page_names_is_there(page: Path) -> None:
    named = [span for span in CODE.findall(FENCE.sub("", read(page))) if FILE.fullmatch(span) and "NAME" not in span]
    assert [name for name in named if not is_a_file_of_ours(name)] == []


def test_a_file_that_is_not_there_would_be_found() -> None:
    assert not is_a_file_of_ours("store/telepathy.py")
    assert is_a_file_of_ours("store/telling.py")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_address_of_rest_that_a_page_names_is_served(page: Path) -> None:
    named = {(verb, re.sub(r"{\w+}", "{}", path)) for verb, path in ADDRESS.findall(read(page))}
    assert named - addresses() == set()


def test_every_metric_that_a_page_names_is_counted() -> None:
    counted = set(re.findall(r"`(heliograph_\w+)`", read(DOCS / "reference/metrics.md")))
    named = {name for page in PAGES for name in re.findall(r"`(heliograph_\w+)(?=`|{)", read(page))}
    assert named - counted == set()
