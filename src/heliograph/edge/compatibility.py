"""What docs/compatibility.md renders: every operation in every version and dialect, and every address of REST."""

from __future__ import annotations

from collections.abc import Iterator

from heliograph.edge.agents.bindings import bindings
from heliograph.edge.contract.model import Agent, Operation
from heliograph.edge.contract.versions import AGENTS, VERSIONS
from heliograph.edge.openapi.document import document
from heliograph.intake.methods import service_methods

ANSWERED, REFUSED, ABSENT = "yes", "no", "-"
_VERBS = ("get", "post", "put", "patch", "delete")


def operations_table() -> str:
    """A table for each agent: a row for each operation, a column for each SOAP version and one for the JSON agents."""
    return "\n".join(_agent_table(agent) for agent in AGENTS.values())


def _agent_table(agent: Agent) -> str:
    versions = [version for version in VERSIONS if version >= agent.since]
    heads = ["operation", *(str(version) for version in versions), "JSON", "what it does"]
    rows = [heads, ["---"] * len(heads), *(_row(operation, versions) for operation in agent.operations)]
    return f"### {agent.name}\n\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _row(operation: Operation, versions: list[int]) -> list[str]:
    states = [state(operation, version) for version in versions]
    json = (operation.agent.lower(), operation.name.lower()) in bindings()
    return [operation.name, *states, _done(operation) if json else ABSENT, operation.summary]


def state(operation: Operation, version: int) -> str:
    """What a caller of that version gets: the answer, a refusal that says so, or no such operation."""
    return _done(operation) if operation.since <= version else ABSENT


def _done(operation: Operation) -> str:
    return ANSWERED if operation.name in service_methods() else REFUSED


def endpoints_table() -> str:
    """Every address of the REST family and of the gateway's own, as /openapi.json describes them."""
    rows = "".join(f"| `{verb} {path}` | {summary} |\n" for verb, path, summary in _endpoints())
    return f"| address | what it does |\n|---|---|\n{rows}"


def _endpoints() -> Iterator[tuple[str, str, str]]:
    for path, operations in document("").get("paths", {}).items():
        for verb in _VERBS:
            if verb in operations and not set(operations[verb]["tags"]) & set(AGENTS):
                yield verb.upper(), path, operations[verb]["summary"]
