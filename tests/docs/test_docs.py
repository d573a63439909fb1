"""The docs are complete, agree with the code, and lead where they say."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel
from tests.docs.pages import DOCS, PAGES, ROOT, anchors, leads_nowhere, local_links, read

from heliograph.channels.registry import BUILT_IN
from heliograph.config.settings import Settings
from heliograph.core import preview, reporting, traits
from heliograph.core.errors import HeliographError
from heliograph.core.lifecycle import as_mermaid
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused

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


def test_the_floors_of_the_house_are_those_of_the_import_contract() -> None:
    layers = read(ROOT / ".importlinter").partition("layers =\n")[2].partition("\n\n")[0]
    contract = re.findall(r"heliograph\.(\w+)", layers)
    page = read(DOCS / "architecture.md").partition("\n## The floors\n")[2].partition("\n## ")[0]
    floors = re.findall(r"^\| \w+ \| ([^|]+) \|", page, re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(floors)) == contract
    there = {path.stem for path in (ROOT / "src/heliograph").iterdir() if not path.name.startswith(("_", "."))}
    assert there - {"py"} == {*contract, "testing"}


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


def test_the_changelog_keeps_to_its_form_and_tells_each_change_once() -> None:
    text = read(ROOT / "CHANGELOG.md")
    kinds = re.findall(r"^### (.+)$", text.partition("\n## Unreleased\n")[2].partition("\n## ")[0], re.MULTILINE)
    assert kinds
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    told = re.findall(r"^- (.+?)(?=\n- |\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(kinds + told) == len({*kinds, *told})


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
