"""A value for every declared type, for whoever reads a description and wants something to start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heliograph.edge.agents.read import LATEST
from heliograph.edge.agents.write import members_in_json, zero
from heliograph.edge.contract.model import Array, Complex, Dictionary, Enumeration, Member, Operation, Type
from heliograph.edge.contract.scalars import DATE_TIME, DURATION, STRING

_TEXTS = {STRING.name: "", DATE_TIME.name: "2026-11-21T12:00:00Z", DURATION.name: "PT1H30M"}


def request_sample(operation: Operation) -> dict[str, Any]:
    """A body for the operation, with every member the gateway reads."""
    return _members(operation.request_in(LATEST))


def sample(type: Type | None) -> Any:
    """A value of this type."""
    if isinstance(type, Array):
        return [] if isinstance(type.item, Complex) and type.item.python is None else [sample(type.item)]
    if isinstance(type, Dictionary):
        return {"Name": "Value"} if type.key is STRING else {}
    if isinstance(type, Complex):
        known = [member for member in members_in_json(type) if member.attr]
        return _members(known) if type.python is not None or known else None
    if isinstance(type, Enumeration):
        return type.values_in(LATEST)[0].name
    return None if type is None else _TEXTS.get(type.name, zero(type))


def _members(members: Sequence[Member]) -> dict[str, Any]:
    return {member.wire: sample(member.type) for member in members if member.attr}
