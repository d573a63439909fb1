"""The REST push family in the API document, rendered from its binding tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from heliograph.edge.openapi.schemas import Components, Schema
from heliograph.edge.rest.binding import XSI
from heliograph.edge.rest.fields import FIELDS, Field, flag, line, text, whole
from heliograph.edge.rest.push import MESSAGE_ID
from heliograph.edge.rest.status import escaped

ERRORS = "ErrorResponse"
_ACCEPTED = (
    "The push is on disk and will be delivered. An answer of 200 says nothing of whether a device has shown it: ask "
    "`/api/v2/messages/{id}` with the id of the header."
)
_STATUSES = {
    "400": "A parameter is missing or cannot be.",
    "401": "CompanyId or IntegrationKey is not valid.",
    "413": "The body is larger than the limit.",
    "503": "Nothing was kept; try again after the seconds of Retry-After.",
}
_KINDS: dict[Callable[[str, Any], Any], Schema] = {
    text: {"type": "string"},
    line: {"type": "string"},
    whole: {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    flag: {"type": "boolean"},
}
FORMAT = {
    "name": "format",
    "in": "query",
    "description": "How to answer; without it, Accept decides.",
    "schema": {"type": "string", "enum": ["json", "xml"]},
}
_SAMPLE = {
    "Body": "The lamp is lit.",
    "CompanyId": 1,
    "ExpirySecs": 0,
    "IntegrationKey": "",
    "Sound": True,
    "Title": "Lamp room",
    "UserEmail": "keeper@example.com",
}


def fields_schema(fields: Sequence[Field], required: Sequence[str]) -> Schema:
    """An object with these parameters."""
    return {"type": "object", "properties": {f.name: dict(_KINDS[f.read]) for f in fields}, "required": list(required)}


def family_paths(components: Components) -> dict[str, Any]:
    """Addresses to their operations."""
    components.schemas[ERRORS] = error_schema()
    components.schemas["Push"] = fields_schema(FIELDS, ("Body", "Title")) | {
        "description": "One of UserId, UserEmail and UserExternalId is needed, and CompanyId with IntegrationKey.",
        "xml": {"name": "Push"},
    }
    components.schemas["PushResponse"] = {
        "type": "object",
        "properties": {"ResponseStatus": {"type": "null"}},
        "xml": {"name": "PushResponse"},
    }
    return {"/api/v2/push": {"post": _push()}}


def _push() -> dict[str, Any]:
    header = {MESSAGE_ID: {"description": "The message's id.", "schema": {"type": "string"}}}
    return {
        "operationId": "postv2push",
        "tags": ["Push"],
        "summary": "Sends a push to one user, by a company's integration key.",
        "security": [],
        "parameters": [FORMAT],
        "requestBody": {"required": True, "content": both("Push", _SAMPLE)},
        "responses": {
            "200": {"description": _ACCEPTED, "headers": header, "content": both("PushResponse")},
            **errors(),
        },
    }


def both(name: str, example: Any = None) -> dict[str, Any]:
    """That schema in JSON and in XML."""
    schema: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    return {
        "application/json": schema if example is None else schema | {"example": example},
        "application/xml": schema if example is None else schema | {"example": _xml(name, example)},
    }


def _xml(root: str, example: dict[str, Any]) -> str:
    inside = "".join(f"<{name}>{escaped(_word(value))}</{name}>" for name, value in sorted(example.items()))
    return f'<{root} xmlns:i="{XSI}">{inside}</{root}>'


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def errors() -> dict[str, Any]:
    """The family's failures."""
    return {status: {"description": words, "content": both(ERRORS)} for status, words in _STATUSES.items()}


def error_schema() -> Schema:
    """ResponseStatus, as every failure of the family and of the product's own addresses has it."""
    field_error = _strings("ErrorCode", "FieldName", "Message")
    status = _strings("ErrorCode", "Message")
    status["properties"]["Errors"] = {"type": "array", "items": field_error}
    status["required"].append("Errors")
    return {"type": "object", "properties": {"ResponseStatus": status}, "required": ["ResponseStatus"]}


def _strings(*names: str) -> Schema:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}
