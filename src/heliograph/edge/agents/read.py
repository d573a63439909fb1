"""From documents to values: a reader for every declared type, compiled once.

A document is what JSON, XML or a form was taken apart into: tuples of pairs, lists, and single
values, which may be text. Property names are taken in any case (contract soap, section 7).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from heliograph.edge.contract.model import Array, Complex, Dictionary, Enumeration, Member, Scalar, Type
from heliograph.edge.contract.scalars import BOOLEAN, DATE_TIME, DURATION, INT, LONG, SHORT, STRING
from heliograph.edge.contract.versions import VERSIONS
from heliograph.edge.soap.decode import ABSENT, for_nothing
from heliograph.edge.soap.typenames import Misfit
from heliograph.edge.soap.values import READERS, read_moment
from heliograph.intake.durations import parse_duration

#: The service version whose types the JSON agents speak: they have no versions of their own.
LATEST = VERSIONS[-1]

Reader = Callable[[Any], Any]
Table = dict[str, tuple[str, str, Reader]]  # name in any spelling met so far -> attribute, wire name, reader

_BITS = {SHORT.name: 16, INT.name: 32, LONG.name: 64}
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"(-)?(?:(\d{1,8})\.)?(\d{1,9}):([0-5]?\d)(?::([0-5]?\d)(?:\.(\d{1,9}))?)?", re.ASCII)


def reader(type: Type) -> Reader:
    """How documents of this type are read; null and empty simple values are ABSENT. Raises Misfit."""
    if isinstance(type, Scalar):
        return _scalar_reader(type)
    if isinstance(type, Enumeration):
        return _enum_reader(type)
    if isinstance(type, Array):
        return _array_reader(type)
    if isinstance(type, Dictionary):
        return _read_dictionary
    return _complex_reader(type)


def member_table(members: Sequence[Member]) -> Table:
    """Names to what is done with them. Members the gateway knows nothing of are left out, and so read over."""
    table: Table = {}
    for member in members:
        if member.attr and member.type is not None:
            entry = (member.attr, member.wire, reader(member.type))
            table[member.wire] = table[member.wire.lower()] = entry
    return table


def read_members(document: Any, table: Table) -> dict[str, Any]:
    """The members that are there. Raises Misfit, also for one that stands twice."""
    if type(document) is not tuple:
        raise Misfit("must be an object")
    values: dict[str, Any] = {}
    nulls: set[str] = set()
    for name, given in document:
        entry = table.get(name) or table.get(name.lower())
        if entry is None:
            continue
        attr, wire, read = entry
        if attr in values or attr in nulls:
            raise Misfit("stands twice", wire)
        try:
            value = read(given)
        except Misfit as misfit:
            raise misfit.within(wire) from None
        if value is ABSENT:
            nulls.add(attr)
        else:
            values[attr] = value
    return values


# ----------------------------------------------------------------------- single values


def _scalar_reader(scalar: Scalar) -> Reader:
    if scalar is STRING:
        return _read_text
    if scalar.name in _BITS:
        return _number_reader(scalar)
    parse = {BOOLEAN.name: _boolean, DATE_TIME.name: _moment, DURATION.name: _duration}[scalar.name]
    return _lenient(parse)


def _lenient(parse: Callable[[Any], Any]) -> Reader:
    """Null and empty text are absent, and what cannot be parsed is a Misfit."""

    def read(value: Any) -> Any:
        if isinstance(value, str):
            value = value.strip()
        if value is None or value == "":
            return ABSENT
        try:
            return parse(value)
        except ValueError as error:
            raise Misfit(str(error)) from None

    return read


def _read_text(value: Any) -> Any:
    if isinstance(value, str):
        if _NOT_TEXT.search(value):
            raise Misfit("has a character that is not text")
        return value
    if value is None:
        return ABSENT
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Misfit("must be a string")


def _number_reader(scalar: Scalar) -> Reader:
    parse, most = READERS[scalar.name], 2 ** (_BITS[scalar.name] - 1) - 1

    def number(value: Any) -> int:
        if not isinstance(value, int | str) or isinstance(value, bool):
            raise Misfit("must be a whole number")
        whole: int = parse(str(value))
        return whole

    slowly = _lenient(number)

    def read(value: Any) -> Any:
        if type(value) is int and 0 <= value <= most:
            return value
        return slowly(value)

    return read


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, int | str):
        raise Misfit("must be true or false")
    answer: bool = READERS[BOOLEAN.name](str(value).lower())
    return answer


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        raise Misfit("must be a date and time in a string")
    return read_moment(f"{value}T00:00:00" if _DAY.fullmatch(value) else value)


def _duration(value: Any) -> timedelta:
    """ISO 8601, or a clock: h:mm, h:mm:ss, d.hh:mm:ss.fff (as .NET writes a TimeSpan)."""
    if not isinstance(value, str):
        raise Misfit("must be a duration in a string")
    found = _CLOCK.fullmatch(value)
    if found is None:
        return parse_duration(value)
    sign, days, hours, minutes, seconds, fraction = found.groups()
    micros = (fraction or "0")[:6].ljust(6, "0")
    length = timedelta(int(days or 0), int(seconds or 0), int(micros), 0, int(minutes), int(hours))
    return -length if sign else length


def _enum_reader(enum: Enumeration) -> Reader:
    """By name in any case, or by number (contract soap, section 7)."""
    by_name: dict[str, Any] = {}
    for position, value in enumerate(enum.values):
        if value.since <= LATEST <= value.until:
            member = enum.python(value.name) if enum.python else value.name
            by_name[value.name.lower()] = member
            by_name[str(position if value.number is None else value.number)] = member
    names = ", ".join(value.name for value in enum.values_in(LATEST))

    def parse(value: Any) -> Any:
        if not isinstance(value, int | str) or isinstance(value, bool):
            raise Misfit(f"must be one of {names}")
        found = by_name.get(str(value).lower())
        if found is None:
            raise Misfit(f"{str(value)[:60]!r} is not one of {names}")
        return found

    return _lenient(parse)


# ------------------------------------------------------------------------------- many


def _complex_reader(complex: Complex) -> Reader:
    carrier = complex.python
    if carrier is None:
        raise TypeError(f"{complex.name} has no carrier to be read into")
    table = member_table(complex.all_members(LATEST))
    return lambda value: ABSENT if value is None else carrier(**read_members(value, table))


def _array_reader(array: Array) -> Reader:
    read_item, nothing = reader(array.item), for_nothing(array.item)

    def read(value: Any) -> Any:
        if value is None:
            return ABSENT
        if not isinstance(value, list):
            raise Misfit("must be an array")
        items = []
        for given in value:
            try:
                item = read_item(given)
                items.append(nothing() if item is ABSENT else item)
            except Misfit as misfit:
                raise misfit.within(f"[{len(items)}]") from None
        return items

    return read


def _read_dictionary(value: Any) -> Any:
    """An object whose names are the keys, as they are spelt."""
    if value is None:
        return ABSENT
    if type(value) is not tuple:
        raise Misfit("must be an object")
    pairs: dict[str, str] = {}
    for key, given in value:
        if key in pairs:
            raise Misfit("stands twice", key[:60])
        try:
            _read_text(key)
            text = _read_text(given)
        except Misfit as misfit:
            raise misfit.within(key[:60]) from None
        pairs[key] = "" if text is ABSENT else text
    return pairs
