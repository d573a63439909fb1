"""The tables of this channel's docs page that no other channel has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from heliograph.channels.apns import fields
from heliograph.channels.kinds import LINK, Table, types_table
from heliograph.channels.notice import is_question, read, with_answer
from heliograph.core.message import Message


def tables() -> dict[str, Table]:
    """Heads and rows by the names of their blocks."""
    return {"fields": fields.as_rows(), "types": types_table(_made)}


def _made(message: Message) -> Mapping[str, Any]:
    notice = with_answer(read(message), LINK if is_question(message) else "")
    return msgspec.json.decode(fields.payload(notice, "")) | fields.headers(notice, "topic")  # type: ignore[no-any-return]
