"""What a GET on an agent's address tells. It calls nothing (contract soap, section 7)."""

from __future__ import annotations

from typing import Any

from heliograph.core.errors import UnknownRoute
from heliograph.edge.agents.bindings import bindings, reply_type
from heliograph.edge.agents.read import LATEST
from heliograph.edge.agents.samples import request_sample, sample
from heliograph.edge.agents.write import as_json
from heliograph.edge.contract.model import Agent, Operation
from heliograph.edge.contract.versions import agents_in
from heliograph.edge.http.messages import Answer
from heliograph.edge.rest.formats import CONTENT_TYPE, Format


def description(agent: str, method: str) -> Answer:
    """All agents, one agent, or one method; names in lower case, empty where the address has none.

    Raises UnknownRoute.
    """
    agents = {each.name.lower(): each for each in agents_in(LATEST)}
    if not agent:
        return _answer([_agent(each) for each in agents.values()])
    if agent in agents and not method:
        return _answer(_agent(agents[agent]))
    binding = bindings().get((agent, method))
    if binding is None:
        raise UnknownRoute("There is no such agent or method.")
    return _answer(_method(binding.operation))


def _agent(agent: Agent) -> dict[str, Any]:
    return {"Agent": agent.name, "Methods": [_method(operation) for operation in agent.operations_in(LATEST)]}


def _method(operation: Operation) -> dict[str, Any]:
    reply = reply_type(operation)
    return {
        "Agent": operation.agent,
        "Method": operation.name,
        "Summary": operation.summary,
        "Verb": "POST",
        "Address": f"/api/v1/Agents/{operation.agent}/{operation.name}",
        "SignIn": operation.needs_ticket,
        "Request": request_sample(operation),
        "Reply": sample(reply) if reply is not None else None,
    }


def _answer(document: Any) -> Answer:
    return Answer(200, CONTENT_TYPE[Format.JSON], as_json(document), (("x-content-type-options", "nosniff"),))
