"""Declared types as JSON Schema, each carrier once under its name.

Source: JSON Schema 2020-12, as OpenAPI 3.1 takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heliograph.edge.agents.read import LATEST
from heliograph.edge.agents.write import members_in_json
from heliograph.edge.contract.model import Array, Dictionary, Enumeration, Member, Scalar, Type
from heliograph.edge.contract.scalars import BASE64, BOOLEAN, DATE_TIME, DURATION, INT, LONG, SHORT, STRING

Schema = dict[str, Any]

_UNKNOWN: Schema = {"type": "null", "description": "Part of the contract, and nothing this gateway knows: always null."}
_SCALARS: dict[str, Schema] = {
    STRING.name: {"type": "string"},
    BASE64.name: {"type": "string", "contentEncoding": "base64"},
    BOOLEAN.name: {"type": "boolean"},
    SHORT.name: {"type": "integer", "minimum": -(2**15), "maximum": 2**15 - 1},
    INT.name: {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    LONG.name: {"type": "integer", "format": "int64"},
    DATE_TIME.name: {"type": "string", "format": "date-time"},
    DURATION.name: {"type": "string", "description": "ISO 8601 (PT1H30M), or h:mm:ss."},
}


class Components:
    """The schemas that others refer to, by name."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}

    def of(self, type: Type) -> Schema:
        """The schema of a value that is there."""
        if isinstance(type, Scalar):
            return dict(_SCALARS[type.name])
        if isinstance(type, Enumeration):
            return {"type": "string", "enum": [value.name for value in type.values_in(LATEST)]}
        if isinstance(type, Array):
            return {"type": "array", "items": self.of(type.item), "xml": {"name": type.name, "wrapped": True}}
        if isinstance(type, Dictionary):
            return {"type": "object", "additionalProperties": {"type": "string"}}
        return self.named(type.name, members_in_json(type))

    def named(self, name: str, members: Sequence[Member]) -> Schema:
        """A reference to an object with these members, which is kept under that name."""
        if name not in self.schemas:
            self.schemas[name] = {}  # holds its place while its members are looked at
            properties = {member.wire: self._member(member) for member in members}
            self.schemas[name] = {"type": "object", "properties": properties, "xml": {"name": name}}
        return {"$ref": f"#/components/schemas/{name}"}

    def _member(self, member: Member) -> Schema:
        type = member.type
        if type is None or (not member.attr and not isinstance(type, Scalar | Enumeration)):
            return dict(_UNKNOWN)
        if type is DATE_TIME and not member.attr:
            return {"type": "string", "const": DATE_TIME.zero, "description": "No date: nothing this gateway knows."}
        schema = self.of(type)
        return or_null(schema) if type.nullable else schema


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
