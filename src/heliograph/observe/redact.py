"""Keeps secrets and personal data out of the log, at the sink, whatever a caller passes in."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

WITHHELD = "[withheld]"

#: The only fields whose text is shown. Numbers and yes/no are shown under any name but a forbidden one.
SHOWN = frozenset(
    {
        "action",
        "channel",
        "company_id",
        "delivery_id",
        "door",
        "endpoint_id",
        "error",
        "event",
        "exception",
        "file",
        "field",
        "hook",
        "host",
        "item_id",
        "key",
        "kind",
        "level",
        "limit",
        "logger",
        "message_id",
        "method",
        "operation",
        "outcome",
        "path",
        "plugin",
        "reason",
        "request_id",
        "route",
        "schema",
        "script",
        "setting",
        "state",
        "status",
        "timestamp",
        "url",
        "version",
    }
)

#: Whatever contains one of these words is never shown, not even as a number.
FORBIDDEN = ("password", "ticket", "secret", "token", "authorization", "cookie", "credential", "handle", "config",
             "body", "content", "integration_key", "api_key", "private")  # fmt: skip

#: What must not be read even inside a sentence, and what stands in its place.
MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"7T:[A-Za-z0-9+/=]{8,}"), "7T:" + WITHHELD),
    (re.compile(r"\b(whsec_|hk_)[A-Za-z0-9+/=_-]{8,}"), r"\1" + WITHHELD),
    (re.compile(r"(?i)\b(SOTicket|Bearer|Basic)\s+[A-Za-z0-9+/=._:-]{8,}"), r"\1 " + WITHHELD),
    (re.compile(r"(?i)\b(password|integrationkey|ticket|secret|token)(['\"]?\s*[=:]\s*['\"]?)[^\s'\"&,;<]+"),
     r"\1\2" + WITHHELD),
    (re.compile(r"(://)[^\s/@]+@"), r"\1" + WITHHELD + "@"),
    (re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+-]{0,63}@(?=[A-Za-z0-9])"), r"\1***@"),
    (re.compile(r"(?<![\w.:/-])(\+|00)(\d{2})[\d ()-]{4,14}(\d{2})(?![\w-])"), r"\1\2*****\3"),
)  # fmt: skip

_CONTROLS = {code: f"\\x{code:02x}" for code in [*range(0x20), *range(0x7F, 0xA0)]}
_CONTROLS |= {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x2028: "\\u2028", 0x2029: "\\u2029"}
LONGEST = 2000  # characters of one text


def masked(text: str) -> str:
    """The text on one line, cut, without tickets, keys, addresses and numbers."""
    for pattern, stand_in in MASKS:
        text = pattern.sub(stand_in, text)
    return text.translate(_CONTROLS)[:LONGEST]


def redact(logger: Any, name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: allow-listed fields, masked texts."""
    return {masked(key): _shown(key, value) for key, value in line.items()}


def _shown(key: str, value: Any) -> Any:
    lowered = key.lower()
    if any(word in lowered for word in FORBIDDEN):
        return WITHHELD
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if lowered not in SHOWN:
        return WITHHELD
    if lowered == "exception":
        return "\n".join(masked(part) for part in str(value).splitlines())
    return masked(str(value))
