"""Text of the wire to values and back: whole numbers, booleans, dates, durations, and the one escape of all text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from heliograph.edge.contract.model import Enumeration, Scalar
from heliograph.edge.contract.scalars import BASE64, BOOLEAN, DATE_TIME, DURATION, INT, LONG, SHORT, STRING
from heliograph.intake.durations import iso_duration, parse_duration

XML_SPACE = " \t\r\n"

_WHOLE = re.compile(r"[+-]?[0-9]{1,25}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?", re.ASCII)
_NO_MOMENT = datetime(1, 1, 1)  # noqa: DTZ001 - what .NET writes for a date that was never set
_UNSAFE = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}

is_unsafe = _UNSAFE.search


def escape(text: str) -> str:
    """Text as it may stand between tags. What XML cannot carry (C0 controls, lone surrogates) becomes U+FFFD."""
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), text)


def _whole_number(bits: int) -> Callable[[str], int]:
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def read(text: str) -> int:
        if _WHOLE.fullmatch(text) is None:
            raise ValueError(f"{text[:40]!r} is not a whole number")
        number = int(text)
        if not least <= number <= most:
            raise ValueError(f"{text[:40]} is not between {least} and {most}")
        return number

    return read


def read_boolean(text: str) -> bool:
    """true, false, 1 or 0; raises ValueError."""
    try:
        return _BOOLEANS[text]
    except KeyError:
        raise ValueError(f"{text[:40]!r} is not true or false") from None


def read_moment(text: str) -> datetime | None:
    """An xs:dateTime, with its zone if it has one; None for .NET's unset date. Raises ValueError."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a date and time like 2026-11-21T12:00:00Z")
    hour, zone = match[4], match[8] or ""
    fraction = (match[7] or "0")[:6].ljust(6, "0")
    midnight = hour == "24"  # the end of the day, which is the start of the next
    if midnight and (match[5], match[6], fraction) != ("00", "00", "000000"):
        raise ValueError(f"{text[:40]!r} is later than the end of its day")
    clock = f"{'00' if midnight else hour}:{match[5]}:{match[6]}.{fraction}"
    try:
        moment = datetime.fromisoformat(f"{match[1]}-{match[2]}-{match[3]}T{clock}{zone}")
        if midnight:
            moment += timedelta(days=1)
        if moment.tzinfo is not None:
            moment.astimezone(UTC)  # a zone can push the first and last day of the calendar off it
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is not a day and time of the calendar") from None
    return None if moment.replace(tzinfo=None) == _NO_MOMENT else moment


def write_moment(moment: datetime) -> str:
    """An xs:dateTime: with its zone where it has one, in UTC as Z."""
    return moment.isoformat().replace("+00:00", "Z")


def _write_boolean(value: bool) -> str:
    return "true" if value else "false"


def _write_number(value: int) -> str:
    return f"{value:d}"


#: How the text of each simple type is read, and how its values are written (before escaping).
READERS: dict[str, Callable[[str], Any]] = {
    BOOLEAN.name: read_boolean,
    SHORT.name: _whole_number(16),
    INT.name: _whole_number(32),
    LONG.name: _whole_number(64),
    DATE_TIME.name: read_moment,
    DURATION.name: parse_duration,
}
WRITERS: dict[str, Callable[[Any], str]] = {
    STRING.name: escape,
    BASE64.name: escape,
    BOOLEAN.name: _write_boolean,
    SHORT.name: _write_number,
    INT.name: _write_number,
    LONG.name: _write_number,
    DATE_TIME.name: write_moment,
    DURATION.name: iso_duration,
}


def enum_reader(enum: Enumeration, version: int) -> Callable[[str], Any]:
    """Names to members (to plain names where the gateway has no enum of its own)."""
    known = {value.name: enum.python(value.name) if enum.python else value.name for value in enum.values_in(version)}

    def read(text: str) -> Any:
        if enum.flags:
            return [one(name) for name in text.split()]
        return one(text)

    def one(name: str) -> Any:
        try:
            return known[name]
        except KeyError:
            raise ValueError(f"{name[:60]!r} is not one of {', '.join(known)}") from None

    return read


def enum_writer(enum: Enumeration, version: int) -> Callable[[Any], str]:
    """Members to names; a value younger than the version is told as the one it stands nearest to."""
    names = {value.name for value in enum.values_in(version)}
    older = {value.name: value.instead for value in enum.values if value.name not in names and value.instead}

    def write(value: Any) -> str:
        name = value.value if isinstance(value, Enum) else value
        if name in names:
            return str(name)
        return older[name]

    return write


def zero_text(type: Scalar | Enumeration, version: int) -> str:
    """How a member that the gateway knows nothing of is written, when it cannot be nil."""
    if isinstance(type, Scalar):
        return type.zero
    return "" if type.flags else type.values_in(version)[0].name
