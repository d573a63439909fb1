"""What a channel costs: a folder, tests, a page, a line in the registry and one in the import contract; and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from heliograph.channels.registry import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src/heliograph"

#: Parts that speak of one kind because that is what they are for: fakes, the commands that play them and make keys, and
#: the composition root, which knows every class.
MAY_NAME_A_CHANNEL = ("testing/", "cli/", "app.py", "wiring.py")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, by its full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_a_kind_is_a_folder_of_that_name_with_a_page_and_a_line_in_the_import_contract(kind: str) -> None:
    assert BUILT_IN[kind] == f"heliograph.channels.{kind}.channel"
    assert {"channel.py", "settings.py"} <= {path.name for path in (SOURCE / "channels" / kind).glob("*.py")}
    assert (ROOT / f"docs/channels/{kind}.md").is_file()
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
