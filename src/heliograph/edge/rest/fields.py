"""The parameters of an endpoint as one table, which serves JSON, XML and the query string alike; that of the push is here.

Contract: rest-push, sections 1 and 6. Empty text, null and 0 for CompanyId are the same as absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from heliograph.core.errors import Malformed

_INT = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
#: What XML 1.0 cannot carry is refused in every notation, so that the same request means the same in all three.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class PushRequest(msgspec.Struct, kw_only=True):
    """What a caller asked for; an absent member has its default."""

    body: str = ""
    company_id: int = 0
    expiry_secs: int = 0
    integration_key: str = ""
    sound: bool = False
    title: str = ""
    user_email: str = ""
    user_external_id: str = ""
    user_id: str = ""


class Field(msgspec.Struct, frozen=True):
    """One parameter: its name on the wire, its member, and how a given value becomes the member's."""

    name: str
    member: str
    read: Callable[[str, Any], Any]  # the name, for the error; the value as JSON gives it, or a string


def text(name: str, value: Any) -> str:
    """A string as it stands; a whole number as its digits. Raises Malformed for anything else."""
    if isinstance(value, str):
        if _NOT_TEXT.search(value):
            raise Malformed(f"{name} has a character that is not text.")
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Malformed(f"{name} must be a string.")


def line(name: str, value: Any) -> str:
    """An identifier or key: text without the white space around it."""
    return text(name, value).strip()


def whole(name: str, value: Any) -> int:
    """A 32-bit whole number, also as a string; empty is 0. Raises Malformed."""
    if isinstance(value, str):
        digits = value.strip()
        if not digits:
            return 0
        if not _INT.fullmatch(digits):
            raise Malformed(f"{name} must be a whole number.")
        value = int(digits)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"{name} must be a whole number.")
    if not _INT_MIN <= value <= _INT_MAX:
        raise Malformed(f"{name} is out of range.")
    return value


def flag(name: str, value: Any) -> bool:
    """True or false, also as a word in any case; empty is false. Raises Malformed."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else "?"
    if word in ("true", "false", ""):
        return word == "true"
    raise Malformed(f"{name} must be true or false.")


def texts(name: str, value: Any) -> list[str]:
    """A list of identifiers, also as one string with commas. Raises Malformed."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        raise Malformed(f"{name} must be a list.")
    return [found for each in value if (found := line(name, each))]


#: In the order in which documents and samples give them (ordinal).
FIELDS = (
    Field("Body", "body", text),
    Field("CompanyId", "company_id", whole),
    Field("ExpirySecs", "expiry_secs", whole),
    Field("IntegrationKey", "integration_key", line),
    Field("Sound", "sound", flag),
    Field("Title", "title", text),
    Field("UserEmail", "user_email", line),
    Field("UserExternalId", "user_external_id", line),
    Field("UserId", "user_id", line),
)


class Table:
    """An endpoint's parameters, by their names on the wire."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.by_name = {field.name: field for field in fields}
        self._any_case = {field.name.lower(): field for field in fields}

    def collect(self, pairs: Iterable[tuple[str, Any]], *, any_case: bool) -> dict[str, Any]:
        """Members by name; unknown names and nulls are left out. JSON and the query string take names in any case.

        Raises Malformed for a name that stands twice, and for a value of the wrong type.
        """
        by_name, lowered = self.by_name, self._any_case
        members: dict[str, Any] = {}
        nulls = set()
        for name, value in pairs:
            field = by_name.get(name) or (lowered.get(name.lower()) if any_case else None)
            if field is None:
                continue
            if field.member in members or field.member in nulls:
                raise Malformed(f"{field.name} stands twice.")
            if value is None:
                nulls.add(field.member)
            else:
                members[field.member] = field.read(field.name, value)
        return members


PUSH = Table(FIELDS)
