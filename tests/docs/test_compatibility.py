"""docs/compatibility.md leaves out no operation, and every decision in it is held by tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heliograph.edge.compatibility import state
from heliograph.edge.contract.versions import AGENTS, VERSIONS, every_operation

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")

PROOF = re.compile(r"`(tests/[^`]+)`")


def cells(line: str) -> list[str]:
    """The cells of a row of a table."""
    return [cell.strip() for cell in line.strip("|").split("|")]


def told(agent: str) -> dict[str, dict[str, str]]:
    """What the page says of an agent's operations: operation to version (or JSON) to state."""
    section = PAGE.split(f"### {agent}\n\n")[1].split("\n\n")[0]
    head, _, *rows = [cells(line) for line in section.splitlines() if line.startswith("|")]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def proofs() -> list[str]:
    """Every test and every wire case that a decision names."""
    return sorted(set(PROOF.findall(PAGE)))


def test_every_operation_stands_in_the_page_in_every_version_that_has_it() -> None:
    pages = {agent: told(agent) for agent in AGENTS}
    for version, agent, operation in every_operation():
        assert pages[agent.name][operation.name][str(version)] == state(operation, version) != "-"


def test_a_version_without_an_operation_is_said_to_be_without_it() -> None:
    declared = {(version, operation.name) for version, _, operation in every_operation()}
    for agent in AGENTS:
        for operation, states in told(agent).items():
            claimed = {version for version in VERSIONS if states.get(str(version), "-") != "-"}
            assert claimed == {version for version, name in declared if name == operation}


@pytest.mark.parametrize("proof", proofs())
def test_what_a_decision_is_held_by_is_there(proof: str) -> None:
    path, _, name = proof.partition("::")
    assert (ROOT / path).is_file()
    if name:
        assert re.search(rf"^ *(async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_decision_is_held_by_something() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "`tests/" not in line]
    unheld = [row for row in rows if len(cells(row)) == 3 and not row.startswith("| in question")]
    assert unheld == []
    assert len(proofs()) >= 100
