"""The docs are complete, agree with the code, and lead where they say."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from heliograph.channels.registry import BUILT_IN, load
from heliograph.cli.main import app
from heliograph.config.channels import ChannelSettings
from heliograph.config.settings import Settings
from heliograph.core import preview, reporting, traits
from heliograph.core.errors import HeliographError
from heliograph.core.lifecycle import as_mermaid
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused
from heliograph.edge.openapi.document import document

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "bench/README.md", *ROOT.glob("examples/*/README.md")])

#: Made by a tool, so that what is in them is not ours to choose.
GENERATED = {"uv.lock", "LICENSE"}
#: Written in halves, so that this file does not find itself.
MACHINE_WORDS = [
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/t" + "mp/",
    "py" + "pi.org",
    "pytho" + "nhosted",
    "npm" + "js.",
    "farm" + "-",
]

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
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


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def errors(kind: type[HeliographError] = HeliographError) -> Iterator[type[HeliographError]]:
    for child in kind.__subclasses__():
        if child.__module__ == HeliographError.__module__:
            yield child
            yield from errors(child)


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings(kind, f"{prefix}{name}.")
        else:
            yield prefix + name


def anchors(page: Path) -> set[str]:
    """The fragments that headings can be linked by, as Markdown hosts make them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in HEADING.findall(FENCE.sub("", read(page)))
    }


def local_links(page: Path) -> Iterator[str]:
    return (link for link in LINK.findall(FENCE.sub("", read(page))) if "://" not in link)


def leads_nowhere(page: Path, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return True
    return bool(fragment) and target.suffix == ".md" and fragment not in anchors(target)


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


def is_protocol_of(module: ModuleType, kind: object) -> bool:
    return isinstance(kind, type) and kind.__module__ == module.__name__ and getattr(kind, "_is_protocol", False)


def committed() -> list[Path]:
    """Every file of the repository, or of the source tree where git cannot tell."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        told = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
        if told.returncode == 0:
            return [ROOT / name for name in told.stdout.split("\0") if name and (ROOT / name).is_file()]
    walked = (path for top in ("src", "tests", "docs", "scripts") for path in (ROOT / top).rglob("*"))
    return [path for path in walked if path.is_file() and "__pycache__" not in path.parts]


def requirement(row: dict[str, str]) -> str:
    """A row of the lock's metadata as pyproject.toml writes it."""
    return row["name"] + row.get("specifier", "")


def test_what_comes_from_the_code_is_rendered_from_the_code_of_today() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/render.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_drawing_of_the_states_is_the_table_of_the_states() -> None:
    assert f"```mermaid\n{as_mermaid()}\n```" in read(DOCS / "architecture.md")


@pytest.mark.parametrize("kind", list(errors()), ids=lambda kind: kind.__name__)
def test_every_error_can_be_looked_up(kind: type[HeliographError]) -> None:
    assert kind.code in anchors(DOCS / "reference/errors.md")


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in errors()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("name", list(settings(Settings)))
def test_every_setting_can_be_looked_up(name: str) -> None:
    page = DOCS / "reference/settings.md"
    assert f"`{name}`" in read(page) or name in anchors(page)


@pytest.mark.parametrize("kind", sorted(BUILT_IN))
def test_every_kind_of_channel_has_a_page(kind: str) -> None:
    assert read(DOCS / f"channels/{kind}.md").startswith("# ")


def test_everything_that_a_channel_may_do_is_told_to_who_adds_one() -> None:
    may = {
        name for each in (reporting, preview, traits) for name, kind in vars(each).items() if is_protocol_of(each, kind)
    }
    assert {name for name in may if f"(`{name}`)" not in read(DOCS / "adding-a-channel.md")} == {"Reports"}


@pytest.mark.parametrize("outcome", [Accepted, Deferred, Refused, Gone], ids=lambda outcome: outcome.__name__)
def test_every_outcome_is_in_the_glossary(outcome: type) -> None:
    assert f"*{outcome.__name__.lower()}*" in read(DOCS / "glossary.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in local_links(page) if leads_nowhere(page, link)] == []


def test_a_link_to_nowhere_would_be_found() -> None:
    page = DOCS / "index.md"
    assert leads_nowhere(page, "no-such-page.md")
    assert leads_nowhere(page, "reference/errors.md#no-such-error")
    assert not leads_nowhere(page, "reference/errors.md#malformed")


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


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, waiting = set[Path](), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [(page.parent / link.partition("#")[0]).resolve() for link in local_links(page)]
    assert set(DOCS.rglob("*.md")) - reached == set()


def test_every_page_but_decisions_is_in_the_index_itself() -> None:
    listed = {(DOCS / link).resolve() for link in local_links(DOCS / "index.md")}
    pages = {page for page in DOCS.rglob("*.md") if page.parent.name != "adr"} - {DOCS / "index.md"}
    assert pages - listed == set()


def test_every_decision_is_listed_and_has_a_status() -> None:
    pages = sorted((DOCS / "adr").glob("[0-9]*.md"))
    listed = set(local_links(DOCS / "adr/README.md"))
    assert {page.name for page in pages} == listed
    assert [page.name for page in pages if "\nStatus: " not in read(page)] == []
    assert len({page.name[:4] for page in pages}) == len(pages)


def test_every_benchmark_is_listed() -> None:
    listed = set(re.findall(r"`(\w+\.py)`", read(ROOT / "bench/README.md")))
    assert {path.name for path in (ROOT / "bench").glob("*.py")} == listed


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    extras = project["project"].get("optional-dependencies", {})
    lists = [project["project"]["dependencies"], *extras.values(), *project["dependency-groups"].values()]
    wanted = [requirement for requirements in lists for requirement in requirements]
    named = {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in wanted}
    reasons = set(re.findall(r"^\| ([a-z0-9-]+) \|", read(DOCS / "adr/0008-dependencies.md"), re.MULTILINE))
    assert named == reasons - {"package"}


def test_the_lock_was_made_from_the_project_as_it_is() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    [locked] = [row for row in tomllib.loads(read(ROOT / "uv.lock"))["package"] if row["name"] == "heliograph"]
    always = [row for row in locked["metadata"]["requires-dist"] if "extra ==" not in row.get("marker", "")]
    assert sorted(project["project"]["dependencies"]) == sorted(map(requirement, always))
    for group, wanted in project["dependency-groups"].items():
        assert sorted(wanted) == sorted(map(requirement, locked["metadata"]["requires-dev"][group]))


def test_the_first_screen_of_the_readme_shows_the_two_commands() -> None:
    first_screen = "\n".join(read(ROOT / "README.md").splitlines()[:25])
    assert re.search(r"^make run\b", first_screen, re.MULTILINE)
    assert re.search(r"^make test\b", first_screen, re.MULTILINE)


def test_every_target_of_make_that_the_docs_name_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"[`\n]make ([a-z-]+)", read(page))}
    assert named - targets == set()


def test_no_file_names_the_machine_it_was_written_on() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in committed()
        if path.name not in GENERATED
        for word in MACHINE_WORDS
        if word.encode() in path.read_bytes()
    ]
    assert found == []
