"""New secrets for people and machines, in letters that are hard to misread."""

from __future__ import annotations

from collections.abc import Callable

KEY_PREFIX = "hk_"
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_KEY_BYTES, _PASSWORD_BYTES = 20, 10  # 160 and 80 bits

Entropy = Callable[[int], bytes]


def new_integration_key(entropy: Entropy) -> str:
    """`hk_` and 32 letters: 160 random bits. Shown once; only its hash is kept."""
    return KEY_PREFIX + _spelled(entropy(_KEY_BYTES))


def new_password(entropy: Entropy) -> str:
    """Four groups of four letters: 80 random bits, for a person to type."""
    letters = _spelled(entropy(_PASSWORD_BYTES))
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _spelled(data: bytes) -> str:
    """Five bits a letter; the length must be a multiple of five bytes."""
    number = int.from_bytes(data, "big")
    count = len(data) * 8 // 5
    return "".join(_LETTERS[number >> 5 * place & 31] for place in range(count - 1, -1, -1))
