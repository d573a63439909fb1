"""How an incoming part says which text it belongs to: by a header inside it, or by optional parameters beside it. Pure."""

from __future__ import annotations

import msgspec

from heliograph.channels.smpp.pdu import UDH, Sm, Tag

_EIGHT, _SIXTEEN = 0x00, 0x08  # information elements of 3GPP TS 23.040, sections 9.2.3.24.1 and 9.2.3.24.8


class Joint(msgspec.Struct, frozen=True):
    """Part `number` of `of`, of the text that its sender calls `reference`."""

    reference: int
    of: int
    number: int


def joint(sm: Sm) -> Joint | None:
    """None for a text that is whole, and for one whose header says nothing sensible."""
    found = _by_header(sm) if sm.esm_class & UDH else _by_parameters(sm)
    if found is None or found.of < 2 or not 1 <= found.number <= found.of:
        return None
    return found


def bare(sm: Sm) -> bytes:
    """What the part says, without a header."""
    data = sm.content
    return data[1 + data[0] :] if sm.esm_class & UDH and data else data


def _by_header(sm: Sm) -> Joint | None:
    data = sm.content
    elements = data[1 : 1 + data[0]] if data else b""
    while len(elements) >= 2:
        kind, value, elements = elements[0], elements[2 : 2 + elements[1]], elements[2 + elements[1] :]
        if kind == _EIGHT and len(value) == 3:
            return Joint(value[0], value[1], value[2])
        if kind == _SIXTEEN and len(value) == 4:
            return Joint(int.from_bytes(value[:2], "big"), value[2], value[3])
    return None


def _by_parameters(sm: Sm) -> Joint | None:
    reference, of, number = (sm.tlvs.get(tag, b"") for tag in (Tag.SAR_REFERENCE, Tag.SAR_TOTAL, Tag.SAR_SEQUENCE))
    if (len(reference), len(of), len(number)) != (2, 1, 1):
        return None
    return Joint(int.from_bytes(reference, "big"), of[0], number[0])
