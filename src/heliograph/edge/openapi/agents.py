"""The JSON agents in the API document: one operation for each method of the declaration."""

from __future__ import annotations

from typing import Any

from heliograph.edge.agents.answers import FAILED, REFUSED
from heliograph.edge.agents.bindings import Binding, bindings
from heliograph.edge.agents.media import READ, Kind
from heliograph.edge.agents.samples import request_sample, sample
from heliograph.edge.agents.write import as_xml
from heliograph.edge.contract.model import Complex
from heliograph.edge.openapi.dry_run import DRY_RUN, dry_run_schema, or_dry_run
from heliograph.edge.openapi.family import IDEMPOTENCY_KEY, SENDING_ANSWERS
from heliograph.edge.openapi.schemas import Components, Schema

REFUSED_NAME, FAILED_NAME = "Refused", "Failed"

_SELECT = {
    "name": "$select",
    "in": "query",
    "description": "Names of the members to answer, with commas between them; the others are null, whatever their type.",
    "schema": {"type": "string"},
}
_APPLICATION = {
    "name": "SO-AppToken",
    "in": "header",
    "description": "The application's token, where the operator wants applications to be registered.",
    "schema": {"type": "string"},
}
_ZONE = {
    "name": "SO-TimeZone",
    "in": "header",
    "description": "The zone that dates without an offset are meant in, such as NO or US-NY.",
    "schema": {"type": "string"},
}
#: What sends takes a key, so that a repetition of the request sends nothing.
SENDING = frozenset({"SendPushNotification", "SendMessages", "SendMessagesWithConfig"})
_REFUSALS = {
    "400": "The request cannot be read, or a value is none that its member takes.",
    "401": "No credentials, or none that are accepted.",
    "413": "The body is larger than the limit.",
    "415": "The body is in a notation that is not read.",
}
_FAILURES = {
    "500": "The call itself failed: the arguments cannot be, something is not there, or a bug.",
    "503": "Nothing was kept; try again after the seconds of Retry-After.",
}


def agent_paths(components: Components) -> dict[str, Any]:
    """Addresses to their one operation, POST."""
    components.named(REFUSED_NAME, REFUSED.members)
    components.named(FAILED_NAME, FAILED.members)
    for name in (REFUSED_NAME, FAILED_NAME):
        components.schemas[name] = _plain(components.schemas[name])
    return {
        f"/api/v1/Agents/{binding.operation.agent}/{binding.operation.name}": {"post": _operation(binding, components)}
        for binding in bindings().values()
    }


def _plain(schema: Schema) -> Schema:
    """An error's members are always there, so they are never null."""
    types = {"Error": "boolean"}
    names = list(schema["properties"])
    return schema | {
        "properties": {name: {"type": types.get(name, "string")} for name in names},
        "required": names,
        "xml": {"name": "Error"},
    }


def _operation(binding: Binding, components: Components) -> dict[str, Any]:
    operation = binding.operation
    told: dict[str, Any] = {
        "operationId": f"{operation.agent}_{operation.name}",
        "tags": [operation.agent],
        "summary": operation.summary,
        "parameters": _parameters(binding),
        "responses": _responses(binding, components),
    }
    if binding.members:
        told["requestBody"] = {"required": True, "content": _request(binding, components)}
    if not operation.needs_ticket:
        told["security"] = []
    return told


def _parameters(binding: Binding) -> list[dict[str, Any]]:
    told = [_SELECT] if binding.reply is not None else []
    told += [IDEMPOTENCY_KEY, DRY_RUN] if binding.operation.name in SENDING else []
    return [*told, _APPLICATION, _ZONE]


def _request(binding: Binding, components: Components) -> dict[str, Any]:
    name = f"{binding.operation.name}Request"
    schema = components.named(name, binding.members)
    example = request_sample(binding.operation)
    examples: dict[Kind, dict[str, Any]] = {
        Kind.JSON: {"example": example},
        Kind.XML: {"example": as_xml(example, Complex(name=name, members=binding.members)).decode()},
    }
    return {name: {"schema": schema, **examples.get(kind, {})} for name, kind in READ.items() if name}


def _responses(binding: Binding, components: Components) -> dict[str, Any]:
    refused, failed = ({"schema": {"$ref": f"#/components/schemas/{name}"}} for name in (REFUSED_NAME, FAILED_NAME))
    told = {
        **{status: _answer(words, refused) for status, words in _REFUSALS.items()},
        **{status: _answer(words, failed) for status, words in _FAILURES.items()},
    }
    sends = binding.operation.name in SENDING
    if sends:
        told |= {status: _answer(words, refused) for status, words in SENDING_ANSWERS.items()}
    if binding.reply is None and sends:
        dry_run = {"application/json": {"schema": dry_run_schema(components)}}
        told["200"] = {"description": "What a dry run tells.", "content": dry_run}
    if binding.reply is None:
        return {"204": {"description": "Done; there is nothing to tell."}, **told}
    schema: dict[str, Any] = {"schema": components.of(binding.reply)}
    answer = _answer("What came of it.", schema)
    answer["content"]["application/json"] = schema | {"example": sample(binding.reply)}
    if sends:
        answer["content"] = or_dry_run(answer["content"], components)
    return {"200": answer, **told}


def _answer(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": schema, "application/xml": schema}}
