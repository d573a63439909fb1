"""Reads how long a provider asks us to wait."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

_LONGEST = 10  # digits; whatever is asked is clamped to an hour when the next attempt is planned


def retry_after(value: str, *, now: int) -> float | None:
    """A Retry-After header in seconds from `now` (ms since the epoch): a number or an HTTP date (RFC 9110, 10.2.3).

    None when there is none or it cannot be read; 0 for a date that has passed.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:_LONGEST])
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, moment.timestamp() - now / 1000)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
