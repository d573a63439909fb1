"""The caller's time zone: from an id or a location code to a zone, and onto the dates of a call.

A date that comes with an offset keeps it. One that comes without is meant in the caller's zone, where
the call names one (contract section 2); without a zone dates stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.intake.zone_table import CODE_OF_ID, CODES_OF


class Zones:
    """The table of zones, with what the operator adds to it."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self._names = {code: name for name, codes in CODES_OF.items() for code in codes.split()}
        self._names |= {str(id): self._names[code] for id, code in CODE_OF_ID.items()}
        for code, name in (own or {}).items():
            if _zone(name) is None:
                raise BadSetting(f"soap.time_zones.{code}: there is no time zone {name!r} on this machine.")
            self._names[code.upper()] = name

    def find(self, id_or_code: str) -> ZoneInfo:
        """The zone by `261`, `NO` or `US-NY`, in any case. Raises InvalidArgument."""
        name = self._names.get(id_or_code.strip().upper())
        zone = _zone(name) if name is not None else None
        if zone is None:
            raise InvalidArgument(
                f"The time zone {id_or_code.strip()[:20]!r} is not known here: give a location code such as NO or US-NY.",
                field="TimeZone",
            )
        return zone


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # not there, not a name, or a folder
        return None


def place(value: Any, zone: Callable[[], ZoneInfo]) -> Any:
    """The value with every date without an offset put into the zone; carriers are changed where they are.

    The zone is looked up when there is a date to put into it: an id that is not known here harms no other call.
    """
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return value
        offset = value.replace(tzinfo=zone()).utcoffset()
        return value.replace(tzinfo=timezone(offset)) if offset is not None else value
    if isinstance(value, list):
        return [place(each, zone) for each in value]
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            member = getattr(value, field)
            if isinstance(member, datetime | list | msgspec.Struct):
                setattr(value, field, place(member, zone))
    return value
