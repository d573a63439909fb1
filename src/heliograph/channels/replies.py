"""Reads what a provider answers, which may be anything: a lie, half of it, or a page of somebody between us."""

from __future__ import annotations

from typing import TypeVar

import msgspec

_Form = TypeVar("_Form")


def read_json(body: bytes, form: type[_Form]) -> _Form | None:
    """The body as that form; None where it is not JSON, has another form, or is nested without end."""
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
