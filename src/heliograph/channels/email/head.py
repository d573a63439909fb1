"""Fields of a mail's head, written so that no value can begin another field.

The standard library's own header classes read encoded words in what they are given, and write what those hide, line
ends included. So values are written here, and only bodies are left to it.
"""

from __future__ import annotations

import re
from email.header import Header

_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ID = re.compile(r"<[!-;=?-~]{1,200}@[!-;=?-~]{1,200}>", re.ASCII)
_FOLD = "\r\n "
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*", re.ASCII)
_WORD = "=?"  # how an encoded word begins (RFC 2047)


def is_id(text: str) -> bool:
    """Whether it is a Message-ID that can stand in any head: `<left@right>` in plain letters."""
    return _ID.fullmatch(text) is not None


def field(name: str, *values: str) -> bytes:
    """One field with its line end; of several values each gets a line of its own, after a comma.

    Raises ValueError for a value with a control character, which nothing here should ever be given.
    """
    if any(_UNSAFE.search(value.replace(_FOLD, " ")) for value in values):
        raise ValueError(f"the field {name} cannot hold a control character")
    return f"{name}: {f',{_FOLD}'.join(values)}\r\n".encode()


def words(text: str) -> str:
    """Text as it stands in Subject: as it is, or encoded where it is beyond ASCII or looks encoded already."""
    if text.isascii() and _WORD not in text:
        return text
    return Header(text, "utf-8", maxlinelen=75).encode(linesep="\r\n")


def address(mailbox: str, name: str = "") -> str:
    """`name <mailbox>`, the name quoted or encoded where it has to be; without one the mailbox alone."""
    if not name:
        return mailbox
    if not name.isascii() or _WORD in name:
        return f"{words(name)} <{mailbox}>"
    if _PLAIN_NAME.fullmatch(name):
        return f"{name} <{mailbox}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{mailbox}>'
