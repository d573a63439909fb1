"""A message that its caller wrote whole (Format smtp/rfc822): read line by line, refused where it could mislead, completed.

The body stays as it is, byte for byte, so that a signature inside it holds. The envelope is never taken from it.
"""

from __future__ import annotations

import re
from email.utils import getaddresses

from heliograph.channels.email.head import address, field, is_id
from heliograph.channels.email.mailbox import is_mailbox
from heliograph.channels.email.payload import Mail, Marks, Unfit, date, further, message_id
from heliograph.core.delivery import Letter

LONGEST_LINE = 998  # octets, RFC 5322 section 2.1.1
MOST_FIELDS = 200

_FIELD = re.compile(rb"([!-9;-~]{1,76})[ \t]*:(.*)", re.DOTALL)

#: Fields that may stand once at most (RFC 5322 section 3.6, RFC 2045): of two, each reader would believe another.
ONCE = frozenset(
    [
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "content-id",
        "list-unsubscribe",
        "list-unsubscribe-post",
    ]
)
#: Fields that are ours or the mail servers' to write: taken out. What the recipient must not see goes with them.
TAKEN_OUT = frozenset(
    [
        "bcc",
        "resent-bcc",
        "return-path",
        "received",
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "authentication-results",
        "arc-seal",
        "arc-message-signature",
        "arc-authentication-results",
        "received-spf",
        "sender",
        "disposition-notification-to",
        "return-receipt-to",
        "errors-to",
    ]
)

Field = tuple[str, bytes]  # its name, and the whole of it with its line ends


def whole(letter: Letter, marks: Marks) -> Mail:
    """The caller's message with what it lacks. Raises Unfit."""
    text = letter.message.content.body
    try:
        raw = re.sub(rb"\r?\n", b"\r\n", text.encode("utf-8"))
    except UnicodeEncodeError:
        raise Unfit("Content holds half of a character") from None
    head, _, body = raw.partition(b"\r\n\r\n") if not raw.startswith(b"\r\n") else (b"", b"", raw)
    fields = [field for field in _fields(head) if field[0].lower() not in TAKEN_OUT]
    _check_fields(fields)
    eight_bit = _check_body(fields, body)
    lines = [whole_field for _, whole_field in fields]
    lines += _missing(fields, letter, marks)
    utf8 = not letter.address.value.isascii()
    return Mail(content=b"".join(lines) + b"\r\n" + _ended(body), eight_bit=eight_bit, utf8=utf8)


def _fields(head: bytes) -> list[Field]:
    """The fields in their order, folded lines with the field they belong to."""
    fields: list[Field] = []
    for number, line in enumerate(head.split(b"\r\n"), start=1):
        if len(line) > LONGEST_LINE:
            raise Unfit(f"line {number} is longer than {LONGEST_LINE} octets")
        if any((byte < 32 and byte != 9) or byte >= 127 for byte in line):
            raise Unfit(f"line {number} of the head has characters that a head cannot have: encode them by RFC 2047")
        if line[:1] in (b" ", b"\t") and fields:
            if not line.strip():
                raise Unfit(f"line {number} of the head is blank and yet no end of it")
            fields[-1] = (fields[-1][0], fields[-1][1] + line + b"\r\n")
            continue
        found = _FIELD.fullmatch(line)
        if found is None:
            raise Unfit(f"line {number} is no header field: Content must be a whole message (RFC 5322)")
        fields.append((found[1].decode("ascii"), line + b"\r\n"))
        if len(fields) > MOST_FIELDS:
            raise Unfit(f"the head has more than {MOST_FIELDS} fields")
    return fields


def _check_fields(fields: list[Field]) -> None:
    names = [name.lower() for name, _ in fields]
    if any(name.startswith("resent-") for name in names):
        raise Unfit("the head has Resent fields: a message that was sent before is not sent on")
    for name in ONCE:
        if names.count(name) > 1:
            raise Unfit(f"the field {name} stands there twice")
    senders = _addresses(fields, "from")
    if "from" in names and (len(senders) != 1 or not is_mailbox(senders[0])):
        raise Unfit("From must be one mail address")
    given = value_of(fields, "message-id")
    if given is not None and not is_id(given):
        raise Unfit("Message-ID is none: it looks like <name@example.com>")


def _check_body(fields: list[Field], body: bytes) -> bool:
    """Whether it needs an 8-bit way. Raises Unfit."""
    if b"\r" in body.replace(b"\r\n", b"") or b"\x00" in body:
        raise Unfit("the body has a NUL or a carriage return by itself, which mail cannot carry")
    if any(len(line) > LONGEST_LINE for line in body.split(b"\r\n")):
        raise Unfit(f"a line of the body is longer than {LONGEST_LINE} octets")
    if body.isascii():
        return False
    if (value_of(fields, "content-transfer-encoding") or "").lower() != "8bit":
        raise Unfit("the body is beyond ASCII without Content-Transfer-Encoding: 8bit")
    return True


def _missing(fields: list[Field], letter: Letter, marks: Marks) -> list[bytes]:
    """From, Sender, To, Date, Message-ID, MIME-Version and what the channel puts into every head."""
    names = {name.lower() for name, _ in fields}
    us = address(marks.sender, marks.sender_name)
    own = [mailbox.lower() for mailbox in _addresses(fields, "from")]
    to = letter.address.value
    wanted = {
        "From": field("From", us),
        "To": field("To", to if to.isascii() else "undisclosed-recipients:;"),
        "Date": field("Date", date(letter)),
        "Message-ID": field("Message-ID", message_id(letter, marks.sender)),
        **further(letter.message, marks),
    }
    if own and own != [marks.sender.lower()]:
        wanted["Sender"] = field("Sender", us)
    if "content-type" in names:
        wanted["MIME-Version"] = field("MIME-Version", "1.0")
    return [whole_field for name, whole_field in wanted.items() if name.lower() not in names]


def value_of(fields: list[Field], name: str) -> str | None:
    """The value of a field on one line; None where there is no such field."""
    for given, whole_field in fields:
        if given.lower() == name:
            return whole_field.decode("ascii").partition(":")[2].replace("\r\n", "").strip()
    return None


def _addresses(fields: list[Field], name: str) -> list[str]:
    """Newer Pythons answer an empty address for what they cannot read, an absent field included."""
    return [mailbox for _, mailbox in getaddresses([value_of(fields, name) or ""]) if mailbox]


def _ended(body: bytes) -> bytes:
    return body if body.endswith(b"\r\n") or not body else body + b"\r\n"
