"""An SMS as the submit_sm that carry it, in one of the three ways that long texts travel. Pure."""

from __future__ import annotations

from enum import StrEnum

from heliograph.channels.smpp.pdu import UDH, Sm, Tag
from heliograph.channels.sms import gsm
from heliograph.channels.sms.letters import Sms
from heliograph.channels.sms.numbers import Kind
from heliograph.channels.sms.parts import Alphabet, encode

UCS2 = 0x08  # data_coding; 0 is the message centre's default


class Long(StrEnum):
    """How a text of several parts travels."""

    UDH = "udh"  # a header inside each part
    SAR = "sar"  # optional parameters beside each part
    PAYLOAD = "payload"  # whole, and the message centre cuts it


class Default(StrEnum):
    """What the message centre takes data_coding 0 for."""

    GSM = "gsm"
    LATIN1 = "latin-1"


def submits(sms: Sms, *, reference: int, long: Long, wide: bool, default: Default, receipt: bool) -> list[Sm]:
    """The messages to submit, in order. `wide` takes a 16-bit reference; the receipt is asked for every part."""
    parts = ("".join(sms.plan.parts),) if long is Long.PAYLOAD else sms.plan.parts
    made: list[Sm] = []
    for number, part in enumerate(parts, start=1):
        head, tlvs = b"", {}
        if len(parts) > 1 and long is Long.UDH:
            head = _header(reference, len(parts), number, wide)
        elif len(parts) > 1:
            tlvs = _sar(reference, len(parts), number)
        data = head + octets(part, sms.plan.alphabet, default)
        if long is Long.PAYLOAD and len(sms.plan.parts) > 1:
            data, tlvs = b"", {int(Tag.MESSAGE_PAYLOAD): data}
        made.append(_sm(sms, data, tlvs, esm_class=UDH if head else 0, registered=int(receipt)))
    return made


def octets(part: str, alphabet: Alphabet, default: Default) -> bytes:
    """A part as the message centre reads it."""
    if alphabet is Alphabet.GSM and default is Default.LATIN1:
        return part.encode("latin-1")
    return encode(part, alphabet)


def read_text(coding: int, data: bytes, default: Default) -> str | None:
    """What the octets of a message from a phone say; None when they are no text."""
    match coding:
        case 0 if default is Default.GSM:
            return gsm.decode(data)
        case 0 | 1 | 3:  # the default, ASCII, Latin-1
            return data.decode("latin-1")
        case 8:
            return data.decode("utf-16-be", "replace")
        case _:
            return None


def _sm(sms: Sms, data: bytes, tlvs: dict[int, bytes], *, esm_class: int, registered: int) -> Sm:
    kind = sms.sender.kind
    return Sm(
        source=sms.sender.digits,
        source_ton=kind.value,
        source_npi=1 if kind is Kind.INTERNATIONAL else 0,
        to=sms.to.removeprefix("+"),
        esm_class=esm_class,
        registered=registered,
        data_coding=0 if sms.plan.alphabet is Alphabet.GSM else UCS2,
        text=data,
        tlvs=tlvs,
    )


def _header(reference: int, total: int, number: int, wide: bool) -> bytes:
    """The concatenation header of 3GPP TS 23.040, sections 9.2.3.24.1 and 9.2.3.24.8."""
    if wide:
        return bytes([6, 8, 4, reference >> 8 & 0xFF, reference & 0xFF, total, number])
    return bytes([5, 0, 3, reference & 0xFF, total, number])


def _sar(reference: int, total: int, number: int) -> dict[int, bytes]:
    return {
        int(Tag.SAR_REFERENCE): (reference & 0xFFFF).to_bytes(2, "big"),
        int(Tag.SAR_TOTAL): bytes([total]),
        int(Tag.SAR_SEQUENCE): bytes([number]),
    }
