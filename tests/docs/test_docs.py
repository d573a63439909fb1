"""The docs are complete, agree with the code, and lead where they say."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from heliograph.channels.registry import BUILT_IN
from heliograph.config.settings import Settings
from heliograph.core.errors import HeliographError
from heliograph.core.lifecycle import as_mermaid
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

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


def test_every_decision_is_listed_and_has_a_status() -> None:
    pages = sorted((DOCS / "adr").glob("[0-9]*.md"))
    listed = set(local_links(DOCS / "adr/README.md"))
    assert {page.name for page in pages} == listed
    assert [page.name for page in pages if "\nStatus: " not in read(page)] == []


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
