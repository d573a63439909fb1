"""SMPP 3.4 on the wire: protocol data units and the fields we use (specification issue 1.2, sections 3 to 5)."""

from __future__ import annotations

import asyncio
import struct
from enum import IntEnum

import msgspec

HEADER = struct.Struct(">IIII")
LONGEST = 64 * 1024  # bytes of one PDU; checked before anything is allocated for it
LAST_SEQUENCE = 0x7FFFFFFF
ANSWER = 0x80000000  # the bit that makes a command the answer to it

UDH, RECEIPT_MASK, RECEIPT = 0x40, 0x3C, 0x04  # esm_class


class Command(IntEnum):
    """What is asked; an answer has the highest bit set."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    GENERIC_NACK = 0x80000000


class Tag(IntEnum):
    """Optional parameters."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_REFERENCE = 0x020C
    SAR_TOTAL = 0x020E
    SAR_SEQUENCE = 0x020F
    NETWORK_ERROR = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427
    CONGESTION = 0x0428  # of version 5: 0 to 100


class Status(IntEnum):
    """The command_status values that the code speaks of itself; the table of all is `answers`."""

    OK = 0x00
    INVALID_COMMAND = 0x03
    NOT_BOUND = 0x04
    BIND_FAILED = 0x0D
    WRONG_PASSWORD = 0x0E
    TRY_LATER = 0x64  # ESME_RX_T_APPN, the receiver's temporary error
    REJECTED = 0x66  # ESME_RX_R_APPN


class BrokenPdu(Exception):
    """The other side sent something that is not SMPP; the connection cannot go on."""


class Pdu(msgspec.Struct, frozen=True):
    """One protocol data unit."""

    command: int
    status: int
    sequence: int
    body: bytes = b""

    def encode(self) -> bytes:
        """With its header."""
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body

    def answer(self, status: int = Status.OK, body: bytes = b"") -> Pdu:
        """What answers this one."""
        return Pdu(self.command | ANSWER, status, self.sequence, body)


class Bind(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are."""

    system_id: str
    password: str
    system_type: str = ""
    version: int = 0x34

    def encode(self) -> bytes:
        """The body; address type, plan and range are left to the other side."""
        return (
            b"".join(_cstring(text) for text in (self.system_id, self.password, self.system_type))
            + bytes([self.version, 0, 0])
            + b"\x00"
        )


class Sm(msgspec.Struct, frozen=True, kw_only=True):
    """A message: submit_sm from us, deliver_sm to us."""

    source: str = ""
    source_ton: int = 0
    source_npi: int = 0
    to: str = ""
    to_ton: int = 1
    to_npi: int = 1
    service_type: str = ""
    esm_class: int = 0
    registered: int = 0
    data_coding: int = 0
    text: bytes = b""
    tlvs: dict[int, bytes] = {}

    @property
    def is_receipt(self) -> bool:
        """Whether a deliver_sm tells what became of a message of ours."""
        return self.esm_class & RECEIPT_MASK == RECEIPT

    @property
    def content(self) -> bytes:
        """short_message, or the payload that stands in for it."""
        return self.text or self.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")

    def encode(self) -> bytes:
        """The body."""
        return b"".join(
            (
                _cstring(self.service_type),
                bytes([self.source_ton, self.source_npi]),
                _cstring(self.source),
                bytes([self.to_ton, self.to_npi]),
                _cstring(self.to),
                bytes([self.esm_class, 0, 0]),  # protocol, priority
                b"\x00\x00",  # schedule and validity are the message centre's own
                bytes([self.registered, 0, self.data_coding, 0, len(self.text)]),
                self.text,
                *(struct.pack(">HH", tag, len(value)) + value for tag, value in self.tlvs.items()),
            )
        )


class Cursor:
    """Reads a body field by field. Raises BrokenPdu at its end or at a field that is too long."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, count: int) -> bytes:
        """So many bytes."""
        end = self._at + count
        if end > len(self._body):
            raise BrokenPdu("a PDU ends inside a field")
        found, self._at = self._body[self._at : end], end
        return found

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def text(self, most: int) -> str:
        """A string that ends with NUL, of at most so many bytes with it."""
        end = self._body.find(b"\x00", self._at, self._at + most)
        if end < 0:
            raise BrokenPdu("a text in a PDU has no end")
        found, self._at = self._body[self._at : end], end + 1
        return found.decode("latin-1")

    def tlvs(self) -> dict[int, bytes]:
        """All optional parameters that are left."""
        found: dict[int, bytes] = {}
        while self._at < len(self._body):
            tag, length = struct.unpack(">HH", self.take(4))
            found[tag] = self.take(length)
        return found


def read_sm(body: bytes) -> Sm:
    """The body of a submit_sm or deliver_sm. Raises BrokenPdu."""
    cursor = Cursor(body)
    service_type = cursor.text(6)
    source_ton, source_npi, source = cursor.byte(), cursor.byte(), cursor.text(21)
    to_ton, to_npi, to = cursor.byte(), cursor.byte(), cursor.text(21)
    esm_class, _, _ = cursor.take(3)
    cursor.text(17)
    cursor.text(17)
    registered, _, data_coding, _, length = cursor.take(5)
    return Sm(
        source=source,
        source_ton=source_ton,
        source_npi=source_npi,
        to=to,
        to_ton=to_ton,
        to_npi=to_npi,
        service_type=service_type,
        esm_class=esm_class,
        registered=registered,
        data_coding=data_coding,
        text=cursor.take(length),
        tlvs=cursor.tlvs(),
    )


def read_bind(body: bytes) -> Bind:
    """The body of a bind. Raises BrokenPdu."""
    cursor = Cursor(body)
    return Bind(system_id=cursor.text(16), password=cursor.text(9), system_type=cursor.text(13), version=cursor.byte())


def read_submitted(body: bytes) -> tuple[str, dict[int, bytes]]:
    """The message id and the optional parameters in a submit_sm_resp, which has no body where it refuses."""
    if not body:
        return "", {}
    cursor = Cursor(body)
    return cursor.text(65), cursor.tlvs()


async def read_pdu(reader: asyncio.StreamReader) -> Pdu:
    """The next one. Raises BrokenPdu, and IncompleteReadError or ConnectionError at the end of the connection."""
    length, command, status, sequence = HEADER.unpack(await reader.readexactly(HEADER.size))
    if not HEADER.size <= length <= LONGEST:
        raise BrokenPdu(f"a PDU claims to be {length} bytes long")
    return Pdu(command, status, sequence, await reader.readexactly(length - HEADER.size))


def text_field(text: str) -> bytes:
    """A string with its NUL, as it stands in a body."""
    return _cstring(text)


def _cstring(text: str) -> bytes:
    return text.encode("latin-1", "replace").replace(b"\x00", b"?") + b"\x00"
