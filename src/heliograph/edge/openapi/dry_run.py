"""Dry runs in the API document: the parameter, and the answer, rendered from what is answered."""

from __future__ import annotations

from typing import Any

import msgspec

from heliograph.edge.dry_run import PARAMETER
from heliograph.edge.openapi.schemas import Components, Schema
from heliograph.intake.dry_run import DryRun

_NAME = "DryRunAnswer"
DRY_RUN = {
    "name": PARAMETER,
    "in": "query",
    "description": "true: the answer, in JSON, tells what would be sent, and nothing is sent.",
    "schema": {"type": "boolean", "default": False},
}


def dry_run_schema(components: Components) -> Schema:
    """A reference to the answer's schema, which is kept under its name with those it refers to."""
    [told], further = msgspec.json.schema_components([DryRun], ref_template="#/components/schemas/{name}")
    components.schemas |= further
    components.schemas[_NAME] = {
        "type": "object",
        "description": "What a dry run tells.",
        "properties": {"dry_run": told},
        "required": ["dry_run"],
    }
    return {"$ref": f"#/components/schemas/{_NAME}"}


def or_dry_run(content: dict[str, Any], components: Components) -> dict[str, Any]:
    """The contents of an answer, where its JSON may be a dry run's."""
    json = content["application/json"]
    either = {"anyOf": [json["schema"], dry_run_schema(components)]}
    return content | {"application/json": json | {"schema": either}}
