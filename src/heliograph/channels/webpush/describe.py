"""The tables of this channel's docs page that no other channel has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from heliograph.channels.kinds import LINK, Table, types_table
from heliograph.channels.notice import is_question, read
from heliograph.channels.webpush import fields
from heliograph.core.message import Message


def tables() -> dict[str, Table]:
    """Heads and rows by the names of their blocks."""
    return {"fields": fields.as_rows(), "types": types_table(_made)}


def _made(message: Message) -> Mapping[str, Any]:
    notice = read(message)
    made = msgspec.json.decode(fields.payload(notice, LINK if is_question(message) else ""))
    return made | fields.headers(notice)  # type: ignore[no-any-return]
