"""Tables that lead a message's fields to a provider's: the payload is made by them, and the docs are rendered from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from heliograph.channels.notice import DATA

_Seen = TypeVar("_Seen")


@dataclass(frozen=True)
class Field(Generic[_Seen]):
    """`read` gives the value, or None where the message says nothing."""

    source: str
    target: str  # dots lead into the payload
    read: Callable[[_Seen], Any]
    note: str = ""


def fill(into: dict[str, Any], fields: Iterable[Field[_Seen]], seen: _Seen) -> None:
    """Put each field's value where it belongs."""
    for field in fields:
        value = field.read(seen)
        if value is not None:
            *above, last = field.target.split(".")
            holder = into
            for step in above:
                holder = holder.setdefault(step, {})
            holder[last] = value


class Row(msgspec.Struct, frozen=True):
    """One line of a provider's table of fields, for the docs: where a field comes from, and where it goes."""

    source: str
    target: str
    note: str = ""


def data_rows(prefix: str, reserved: str) -> list[Row]:
    """The rows that all push providers share: what travels as data, below `prefix`. `reserved` says what becomes of
    keys that the provider keeps for itself."""
    rows = [Row(datum.source, f"`{prefix}{datum.key}`") for datum in DATA]
    rows.append(Row("SuggestedSessionKey, over SendMessages", f"`{prefix}session_key`"))
    rows.append(Row("ExtraValues with other keys", "the same key", f"{reserved}; a field named above wins"))
    return rows


def rows_for_docs(rows: Iterable[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Heads and rows of a channel's table of fields."""
    return ("field", "goes to", ""), [(row.source, row.target, row.note) for row in rows]
