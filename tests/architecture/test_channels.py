"""What a channel costs: a folder, tests, a page, a line in the registry and one in the import contract; and nothing else."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from heliograph.channels.registry import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src/heliograph"

#: Parts that speak of one kind because that is what they are for: fakes, the commands that play them and make keys, and
#: the composition root, which knows every class.
MAY_NAME_A_CHANNEL = ("testing/", "cli/", "app.py", "wiring.py")


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, by its full name."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_a_kind_is_a_folder_of_that_name_with_tests_a_page_and_a_line_in_the_import_contract(kind: str) -> None:
    assert BUILT_IN[kind] == f"heliograph.channels.{kind}.channel"
    assert {"channel.py", "settings.py"} <= {path.name for path in (SOURCE / "channels" / kind).glob("*.py")}
    assert (ROOT / f"docs/channels/{kind}.md").is_file()
    assert (ROOT / f"tests/channels/test_{kind}.py").is_file()
    assert re.search(rf"^    heliograph\.channels\.{kind}$", (ROOT / ".importlinter").read_text(), re.MULTILINE)
    assert (ROOT / "docs/channels" / f"{kind}.md").read_text().startswith(f"# Channel: {kind}\n")


@pytest.mark.parametrize("kind", BUILT_IN)
def test_nothing_outside_a_channel_s_folder_imports_from_it(kind: str) -> None:
    module = f"heliograph.channels.{kind}"
    own = SOURCE / "channels" / kind
    strangers = [
        name
        for path in sorted(SOURCE.rglob("*.py"))
        if own not in path.parents and not (name := str(path.relative_to(SOURCE))).startswith(MAY_NAME_A_CHANNEL)
        if any(found == module or found.startswith(f"{module}.") for found in imports(path))
    ]
    assert strangers == []


def test_the_registry_spends_one_line_on_each() -> None:
    text = (SOURCE / "channels/registry.py").read_text(encoding="utf-8")
    for kind in BUILT_IN:
        assert text.count(f'"{kind}"') == 1


@pytest.mark.slow
def test_a_new_one_is_a_folder_and_a_line_and_then_it_is_offered_configured_and_built(tmp_path: Path) -> None:
    """Done to a copy of the tree, with the channel of the docs page."""
    copy = tmp_path / "src/heliograph"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    folder = copy / "channels/matrix"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Matrix rooms."""\n')
    shutil.copy(ROOT / "examples/channel-package/heliograph_matrix.py", folder / "channel.py")
    registry = copy / "channels/registry.py"
    begins = "BUILT_IN = {\n"
    line = '    "matrix": "heliograph.channels.matrix.channel",\n'
    registry.write_text(registry.read_text().replace(begins, begins + line))

    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "channel", "kinds", "--json"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [matrix] = [each for each in json.loads(done.stdout) if each["kind"] == "matrix"]
    assert (matrix["built_in"], matrix["trouble"]) == (True, "")

    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "heliograph.toml").write_text(
        '[channels.rooms]\nkind = "matrix"\nhomeserver = "https://matrix.example"\naccess_token = "x"\n'
    )
    listed = subprocess.run(
        [
            sys.executable,
            "-m",
            "heliograph",
            "channel",
            "list",
            "--config",
            "heliograph.toml",
            "--data",
            "data",
            "--json",
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert listed.returncode == 0, listed.stderr
    assert {each["name"]: each["formats"] for each in json.loads(listed.stdout)}["rooms"] == ["text/plain", "text/html"]
