"""What a person wrote in answer to a mail of ours: its words as plain text, who it says it is from, what it is about."""

from __future__ import annotations

import hashlib
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr

import msgspec

from heliograph.channels.email.answers import plain
from heliograph.channels.email.head import is_id
from heliograph.channels.email.html import as_text
from heliograph.channels.email.inbound.bounces import parts
from heliograph.channels.email.mailbox import read_mailbox

LONGEST = 100_000  # characters of an answer that are kept
_LONGEST_FIELD = 2_000  # characters of a field that are read


class Written(msgspec.Struct, frozen=True):
    """An answer. `sender` is what it says of itself; nothing proves it."""

    sender: str
    subject: str
    text: str
    left_out: int  # attachments
    reference: str = ""  # its Message-ID, where that is one


def is_automatic(message: Message, envelope_sender: str) -> bool:
    """Whether a program wrote it: a vacation notice, a list, a report (RFC 3834). No person reads what is answered to it."""
    auto = _field(message, "Auto-Submitted").partition(";")[0].strip().lower()
    precedence = _field(message, "Precedence").strip().lower()
    return (
        not envelope_sender
        or auto not in ("", "no")
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or message.get_content_type() == "multipart/report"
        or bool(_field(message, "List-Id") or _field(message, "X-Autoreply") or _field(message, "X-Autorespond"))
    )


def read_reply(message: Message, envelope_sender: str) -> Written:
    """Its text, else what its HTML says; attachments are left out."""
    texts: dict[str, str] = {}
    left_out = 0
    for part in parts(message):
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        attached = part.get_content_disposition() == "attachment" or bool(part.get_filename())
        if attached or kind not in ("text/plain", "text/html"):
            left_out += 1
        elif kind not in texts:
            texts[kind] = _decoded(part)
    text = texts.get("text/plain") or as_text(texts.get("text/html", ""))
    named = read_mailbox(parseaddr(_field(message, "From"))[1])
    reference = _field(message, "Message-ID").strip()
    return Written(
        sender=named or read_mailbox(envelope_sender) or "unknown",
        subject=plain(_worded(_field(message, "Subject"))),
        text=text.replace("\r\n", "\n").strip()[:LONGEST],
        left_out=left_out,
        reference=reference if is_id(reference) else "",
    )


def once(message: Message, token: str, content: bytes) -> str:
    """The same for the same mail: of its Message-ID, or of all of it, and of what it answers."""
    named = _field(message, "Message-ID").encode("utf-8", "replace").strip() or content
    known_by = hashlib.sha256(token.lower().encode("utf-8", "replace") + b"\x00" + named)
    return f"mail {known_by.hexdigest()}"


def _field(message: Message, name: str) -> str:
    return str(message.get(name, ""))[:_LONGEST_FIELD]


def _worded(value: str) -> str:
    """Encoded words (RFC 2047) decoded, where they can be."""
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, UnicodeError, ValueError):
        return value


def _decoded(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = str(part.get_param("charset") or "utf-8")
    try:
        return content.decode(charset, "replace").replace("\x00", "\ufffd")
    except (LookupError, UnicodeError, ValueError):  # a character set that nobody knows
        return content.decode("utf-8", "replace").replace("\x00", "\ufffd")
