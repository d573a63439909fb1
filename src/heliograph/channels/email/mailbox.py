"""Which mail addresses are used, and in which form: no quotes and no comments; letters beyond ASCII where they are letters."""

from __future__ import annotations

import re
import unicodedata

import idna

_LONGEST, _LONGEST_LOCAL = 254, 64  # octets, RFC 5321 section 4.5.3.1
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*", re.ASCII)
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_LETTERS = ("L", "M", "N")  # categories that a word beyond ASCII is made of: no controls, spaces, signs of direction


def is_mailbox(text: str) -> bool:
    """Whether the whole text is one `local@domain` in plain letters, which can stand in a header and a command as it is."""
    local, _, domain = text.rpartition("@")
    fits = len(text) <= _LONGEST and len(local) <= _LONGEST_LOCAL
    return bool(fits and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain))


def read_mailbox(text: str) -> str:
    """The address as it is used: the domain in lower case and in its `xn--` form (IDNA 2008), the name before it as given.

    That name may have letters beyond ASCII (RFC 6531), composed (NFC). Empty for what is no address.
    """
    local, _, domain = text.rpartition("@")
    local = unicodedata.normalize("NFC", local)
    address = f"{local}@{_ascii_domain(domain)}"
    if is_mailbox(address):
        return address
    plain = "".join("x" if _is_letter(letter) else letter for letter in local)
    fits = (
        len(local.encode("utf-8", "replace")) <= _LONGEST_LOCAL and len(address.encode("utf-8", "replace")) <= _LONGEST
    )
    return address if fits and is_mailbox(f"{plain}@{_ascii_domain(domain)}") else ""


def domain(mailbox: str) -> str:
    """What follows the @."""
    return mailbox.rpartition("@")[2]


def tagged(mailbox: str, tag: str) -> str:
    """`name+tag@domain`: mail to it goes to the mailbox itself, on servers that know the form."""
    local, _, host = mailbox.rpartition("@")
    return f"{local}+{tag}@{host}"


def _is_letter(letter: str) -> bool:
    return not letter.isascii() and unicodedata.category(letter)[0] in _LETTERS


def _ascii_domain(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return ""
