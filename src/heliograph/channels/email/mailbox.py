"""Which mail addresses are used: plain ones, without quotes, comments or letters beyond ASCII."""

from __future__ import annotations

import re

_LONGEST, _LONGEST_LOCAL = 254, 64  # characters, RFC 5321 section 4.5.3.1
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"(?P<local>{_ATEXT}(?:\.{_ATEXT})*)@(?P<domain>{_LABEL}(?:\.{_LABEL})*)", re.ASCII)


def is_mailbox(text: str) -> bool:
    """Whether the whole text is one `local@domain` that can stand in a header and in an SMTP command as it is."""
    match = _MAILBOX.fullmatch(text)
    return match is not None and len(text) <= _LONGEST and len(match["local"]) <= _LONGEST_LOCAL


def domain(mailbox: str) -> str:
    """What follows the @."""
    return mailbox.rpartition("@")[2]
