"""The service versions and the agents: where every dialect starts reading the declaration."""

from __future__ import annotations

from heliograph.edge.contract.messaging import MESSAGING
from heliograph.edge.contract.model import Agent, Operation
from heliograph.edge.contract.pocket import POCKET
from heliograph.edge.contract.principal import SO_PRINCIPAL

#: The service versions this gateway speaks (contract section 1.1); 76 to 79 never existed.
VERSIONS: tuple[int, ...] = (75, 80, 81, 82, 83, 84, 85, 86, 87, 88)

AGENTS: dict[str, Agent] = {agent.name: agent for agent in (MESSAGING, POCKET, SO_PRINCIPAL)}

#: Agent names in lower case, for addresses that are read without regard to case.
AGENT_NAMES: dict[str, str] = {name.lower(): name for name in AGENTS}


def agents_in(version: int) -> list[Agent]:
    """The agents that version has; none for a version that does not exist."""
    return [agent for agent in AGENTS.values() if version in VERSIONS and agent.since <= version]


def has_agent(version: int, agent: str) -> bool:
    """Whether there is such an address."""
    return version in VERSIONS and agent in AGENTS and AGENTS[agent].since <= version


def every_operation() -> list[tuple[int, Agent, Operation]]:
    """Every operation of every agent in every version that has it: for tables and for tests that walk them."""
    return [
        (version, agent, operation)
        for version in VERSIONS
        for agent in agents_in(version)
        for operation in agent.operations_in(version)
    ]
