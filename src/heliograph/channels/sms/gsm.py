"""The GSM 7-bit default alphabet and its extension table, one septet to a byte (3GPP TS 23.038, section 6.2.1)."""

from __future__ import annotations

ESCAPE = 0x1B

#: The default alphabet in order of code; 0x1B is the escape to the extension table and stands for no character.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

#: What follows the escape, and the character the two stand for.
EXTENSION: dict[int, str] = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

_ENCODED: dict[str, bytes] = {
    **{char: bytes([code]) for code, char in enumerate(BASIC) if code != ESCAPE},
    **{char: bytes([ESCAPE, code]) for code, char in EXTENSION.items()},
}
_SPACE = " "


def septets(char: str) -> int:
    """How many septets a character takes: 1, 2 with an escape, 0 when the alphabet has it not."""
    return len(_ENCODED.get(char, b""))


def stranger(text: str) -> str:
    """The first character that the alphabet has not; empty when it has all of them."""
    return next((char for char in text if char not in _ENCODED), "")


def encode(text: str) -> bytes:
    """One septet to a byte. Raises ValueError naming nothing when a character is not in the alphabet."""
    try:
        return b"".join(map(_ENCODED.__getitem__, text))
    except KeyError:
        raise ValueError("a character is not in the GSM alphabet") from None


def decode(data: bytes) -> str:
    """The text of septets, one to a byte.

    As the standard asks of a receiver: an extension it does not know is the character of the basic
    table, an escape after an escape is a space, and so is one with nothing after it. A byte above
    0x7F is no septet and becomes U+FFFD.
    """
    chars: list[str] = []
    escaped = False
    for code in data:
        if escaped:
            chars.append(_SPACE if code == ESCAPE else EXTENSION.get(code) or _basic(code))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            chars.append(_basic(code))
    if escaped:
        chars.append(_SPACE)
    return "".join(chars)


def _basic(code: int) -> str:
    return BASIC[code] if code < len(BASIC) else "\ufffd"
