"""Headers on the wire of HTTP/2 (HPACK, RFC 7541): written with a table for what repeats, read without one.

We announce a table of size 0, so an answer's header block means the same whenever it
comes. Frequent blocks are therefore read once and remembered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from hpack import Decoder
from hpack.exceptions import HPACKError

from heliograph.channels.transport.h2.frames import BrokenRule, Code

Field = tuple[bytes, bytes]  # name in lower case, value


class Run:
    """Fields that go into many requests together. It is known by what it is, not by what it holds: so it is found fast."""

    __slots__ = ("fields",)

    def __init__(self, *fields: Field) -> None:
        self.fields = fields


Head = Sequence[Field | Run]  # of one request, in the order in which it is sent

MOST_HEADERS = 32 * 1024  # bytes of an answer's headers, as SETTINGS_MAX_HEADER_LIST_SIZE counts them
TABLE_SIZE = 4096  # bytes of our table, at most; the far side may ask for less
_FIELD_COST = 32  # bytes that the table charges for a field beside its text
_FIRST_OWN = 62  # index of the newest field in the table, after the static ones
_STATIC = {b":authority": 1, b":path": 4, b"authorization": 23, b"content-length": 28, b"content-type": 31,
           b"user-agent": 58}  # fmt: skip
_WHOLE: dict[Field | Run, bytes] = {
    (b":method", b"GET"): b"\x82",
    (b":method", b"POST"): b"\x83",
    (b":scheme", b"http"): b"\x86",
    (b":scheme", b"https"): b"\x87",
}
_RUNS = 64  # runs known at once
_REMEMBERED, _REMEMBERED_SIZE = 512, 256  # blocks, and bytes of the longest
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_BAD_VALUE = re.compile(rb"[\x00\r\n]|^[ \t]|[ \t]$")
_NOT_IN_HTTP_2 = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})

Answer = tuple[int, dict[str, str]]  # status (0 for a trailer) and headers


class BadHeaders(Exception):
    """The headers of one answer are malformed: that stream ends, the connection goes on (RFC 9113, 8.1.1)."""


class Writer:
    """Writes the header blocks of one connection, in the order in which they are sent."""

    def __init__(self) -> None:
        self._limit = TABLE_SIZE
        self._size = 0
        self._own: list[Field] = []  # what is in the table, the oldest first
        self._short: dict[Field | Run, bytes] = dict(_WHOLE)  # what is named by number, and how
        self._runs: list[Run] = []  # those of them that are runs: they hold until the table changes
        self._seen: dict[bytes, bytes] = {}  # by name: its latest value
        self._updates = b""  # what the next block begins with

    def resize(self, size: int) -> None:
        """The far side's table has another size from now on; ours begins anew."""
        limit = min(size, TABLE_SIZE)
        if limit != self._limit:
            self._limit = limit
            self._empty()

    def block(self, head: Head) -> bytes:
        """The block of this head. A value that its name had before is put into the table, to be named by number."""
        parts = [self._updates]
        self._updates = b""
        short, add = self._short, parts.append
        for item in head:
            known = short.get(item)
            if known is not None:
                add(known)
            elif type(item) is Run:
                add(self._spelled(item))
            else:
                add(self._literal(item))  # type: ignore[arg-type]  # mypy does not narrow a union by `type`
        return b"".join(parts)

    def _spelled(self, run: Run) -> bytes:
        """Field by field; once the table has all of them, the whole of it is known."""
        short = self._short
        if all(field in short for field in run.fields):
            if len(self._runs) >= _RUNS:
                self._forget_runs()
            self._runs.append(run)
            short[run] = b"".join([short[field] for field in run.fields])
            return short[run]
        return b"".join([short.get(field) or self._literal(field) for field in run.fields])

    def _literal(self, field: Field) -> bytes:
        name, value = field
        static = _STATIC.get(name, 0)
        text = (b"" if static else _text(name)) + _text(value)
        cost = len(name) + len(value) + _FIELD_COST
        repeated = self._seen.get(name) == value
        self._seen[name] = value
        if repeated and cost * 2 <= self._limit and not self._updates:
            if self._size + cost <= self._limit:
                self._size += cost
                self._own.append(field)
                self._forget_runs()
                for age, own in enumerate(reversed(self._own)):
                    self._short[own] = _number(_FIRST_OWN + age, 7, 0x80)
                return _number(static, 6, 0x40) + text
            self._empty()  # takes effect with the next block
        return _number(static, 4, 0x00) + text

    def _forget_runs(self) -> None:
        for run in self._runs:
            del self._short[run]
        self._runs.clear()

    def _empty(self) -> None:
        self._size = 0
        self._own.clear()
        self._runs.clear()
        self._short.clear()
        self._short.update(_WHOLE)
        self._seen.clear()
        self._updates = _number(0, 5, 0x20) + _number(self._limit, 5, 0x20)


class Reader:
    """Reads the header blocks of one connection."""

    def __init__(self) -> None:
        self._decoder = Decoder(MOST_HEADERS)
        self._decoder.header_table_size = 0
        self._decoder.max_allowed_table_size = 0
        self._remembered: dict[bytes, Answer] = {}

    def read(self, block: bytes) -> Answer:
        """Status and headers; not to be changed. Raises BadHeaders, and BrokenRule when the code itself is broken."""
        answer = self._remembered.get(block)
        if answer is None:
            try:
                fields = self._decoder.decode(block, raw=True)
            except (HPACKError, IndexError, ValueError) as bad:
                raise BrokenRule(Code.COMPRESSION_ERROR, "headers that cannot be read") from bad
            answer = _answer([(bytes(name), bytes(value)) for name, value in fields])
            if len(block) <= _REMEMBERED_SIZE:
                if len(self._remembered) >= _REMEMBERED:
                    self._remembered.clear()
                self._remembered[block] = answer
        return answer


@lru_cache(maxsize=1024)
def checked_name(name: str) -> bytes:
    """A header's name as bytes. Raises ValueError for one that cannot be sent, never repeating it."""
    if not name.isascii():
        raise ValueError("a header has letters that cannot be sent")
    made = name.lower().encode("ascii")
    if not _NAME.fullmatch(made) or made in _NOT_IN_HTTP_2:
        raise ValueError("a header cannot be sent")
    return made


def checked(name: str, value: str) -> tuple[bytes, bytes]:
    """A field of ours as bytes. Raises ValueError for one that cannot be sent, never repeating it."""
    if value.isascii() and value.isprintable():  # what nearly all are: nothing in it can end a line
        return checked_name(name), value.strip(" ").encode("ascii")
    try:
        made = value.strip(" \t").encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError("a header has letters that cannot be sent") from None
    if b"\r" in made or b"\n" in made or b"\0" in made:
        raise ValueError("a header cannot be sent")
    return checked_name(name), made


def _answer(fields: list[tuple[bytes, bytes]]) -> Answer:
    status = 0
    headers: dict[str, str] = {}
    for place, (name, value) in enumerate(fields):
        if name.startswith(b":"):
            if name != b":status" or place or len(value) != 3 or not value.isdigit():
                raise BadHeaders("the answer's status is malformed")
            status = int(value)
            continue
        if not _NAME.fullmatch(name) or _BAD_VALUE.search(value) or name in _NOT_IN_HTTP_2:
            raise BadHeaders("the answer has a malformed header")
        key, text = name.decode("ascii"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return status, headers


def _text(value: bytes) -> bytes:
    size = len(value)
    return (bytes((size,)) if size < 127 else _number(size, 7, 0x00)) + value


def _number(value: int, bits: int, first: int) -> bytes:
    """A number in the prefix of so many bits (RFC 7541, 5.1)."""
    most = (1 << bits) - 1
    if value < most:
        return bytes((first | value,))
    out, value = bytearray((first | most,)), value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
