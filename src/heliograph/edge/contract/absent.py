"""What an argument counts as that was not sent, in whatever dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heliograph.core.errors import MissingArgument
from heliograph.edge.contract.model import Array, Complex, Dictionary, Enumeration, Member
from heliograph.edge.contract.scalars import BOOLEAN, INT, LONG, SHORT, STRING

_ZEROS: dict[str, Any] = {BOOLEAN.name: False, SHORT.name: 0, INT.name: 0, LONG.name: 0, STRING.name: ""}


def when_absent(member: Member) -> Callable[[], Any]:
    """Empty or zero by the member's type; a carrier has to be there: raises MissingArgument when it is asked for."""
    kind = member.type
    if isinstance(kind, Array):
        return list
    if isinstance(kind, Dictionary):
        return dict
    if isinstance(kind, Complex):
        return lambda: _missing(member.wire)
    if isinstance(kind, Enumeration):
        name = kind.values[0].name
        first = kind.python(name) if kind.python else name
        return lambda: first
    zero = _ZEROS.get(kind.name) if kind is not None else None
    return lambda: zero


def _missing(wire: str) -> Any:
    raise MissingArgument(f"{wire} is absent.", field=wire)
