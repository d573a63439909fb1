"""xs:duration as .NET's TimeSpan writes it: days, hours, minutes, seconds; no years or months.

Source: the reference WSDL's `duration` restriction (contract section 1.1).
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

_PATTERN = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(?=\.?\d)(\d*)(?:\.(\d*))?S)?)?", re.ASCII)
_LONGEST = timedelta(days=10675199, hours=2, minutes=48, seconds=5)  # .NET's TimeSpan.MaxValue, to the second


def parse_duration(text: str) -> timedelta:
    """An xs:duration of days and smaller; raises ValueError for anything else, or when out of TimeSpan's range."""
    return _remembered(text) if len(text) <= _SHORT else _parse(text)


def _parse(text: str) -> timedelta:
    match = _PATTERN.fullmatch(text)
    if match is None or text in ("P", "-P") or text.endswith("T"):
        raise ValueError(f"{text[:40]!r} is not a duration like PT1H30M")
    sign, days, hours, minutes, seconds, fraction = match.groups()
    if any(part and len(part) > 15 for part in match.groups()[1:5]):
        raise ValueError("the duration is out of range")
    try:
        value = timedelta(
            days=int(days or 0),
            hours=int(hours or 0),
            minutes=int(minutes or 0),
            seconds=int(seconds or 0),
            microseconds=int((fraction or "0").ljust(6, "0")[:6]),
        )
    except OverflowError:
        raise ValueError("the duration is out of range") from None
    if value > _LONGEST:
        raise ValueError("the duration is out of range")
    return -value if sign else value


#: Callers send the same few spans again and again. Long texts are not remembered: a stranger could fill memory with them.
_SHORT = 40
_remembered = lru_cache(maxsize=512)(_parse)


@lru_cache(maxsize=512)
def iso_duration(value: timedelta) -> str:
    """The shortest xs:duration for this span: PT1H30M, P2D, -PT0.5S, PT0S."""
    sign = "-" if value < timedelta(0) else ""
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    days = f"{value.days}D" if value.days else ""
    time = "".join(
        [
            f"{hours}H" if hours else "",
            f"{minutes}M" if minutes else "",
            f"{seconds}{fraction}S" if seconds or fraction else "",
        ]
    )
    if not days and not time:
        return "PT0S"
    return f"{sign}P{days}{'T' + time if time else ''}"
