"""A letter as a mail (RFC 5322), the same at every try. Pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import msgspec

from heliograph.channels.email.head import address, field, is_id, words
from heliograph.channels.email.html import as_text, title
from heliograph.channels.email.mailbox import domain, is_mailbox
from heliograph.core.delivery import Letter
from heliograph.core.message import Content, Message, Push, Text

SUBJECT = 78  # characters of a first line that become the subject; RFC 5322 recommends lines no longer than this
PLAIN, HTML, WHOLE = "text/plain", "text/html", "smtp/rfc822"
FORMATS = (PLAIN, HTML, WHOLE)

_POLICY = SMTP.clone(cte_type="7bit")  # bodies are encoded so that servers without 8BITMIME take them


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel puts into the head of a mail beside the message's own."""

    sender: str
    sender_name: str = ""
    reply_to: str = ""
    unsubscribe: tuple[str, ...] = ()  # URLs: https, mailto
    one_click: bool = False  # one of them unsubscribes by a POST (RFC 8058)
    link: str = ""  # where a question is answered


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail ready to be handed over."""

    content: bytes  # with CRLF line ends
    eight_bit: bool = False  # the server has to take it as 8BITMIME (RFC 6152)
    utf8: bool = False  # an address is beyond ASCII: the server has to know SMTPUTF8 (RFC 6531)


class Unfit(Exception):
    """The letter cannot be sent as a mail; the text says why, and repeats none of it."""


def mail(letter: Letter, marks: Marks) -> Mail:
    """The mail for plain text, for HTML (with a plain half made from it) and for a push.

    From is the message's own sender where that is a mail address, with the configured one as Sender.
    """
    content = letter.message.content
    to = letter.address.value
    us, own = address(marks.sender, marks.sender_name), own_sender(content, marks.sender)
    fields = [
        field("From", own or us),
        *([field("Sender", us)] if own else []),
        field("To", to),
        field("Subject", words(subject(content))),
        field("Date", date(letter)),
        field("Message-ID", message_id(letter, marks.sender)),
        *further(letter.message, marks).values(),
    ]
    return Mail(content=b"".join(fields) + _body(content, marks.link), utf8=not to.isascii())


def further(message: Message, marks: Marks) -> dict[str, bytes]:
    """The fields that a whole message of the caller's gets too, where it has none of its own, by their names."""
    fields = {}
    if marks.reply_to:
        fields["Reply-To"] = field("Reply-To", marks.reply_to)
    answered = message.content.reference if isinstance(message.content, Text) else ""
    answered = answered if is_id(answered) else ""
    if answered:
        fields["In-Reply-To"] = field("In-Reply-To", answered)
    if references := " ".join(filter(None, (thread_id(message, marks.sender), answered))):
        fields["References"] = field("References", references)
    if marks.unsubscribe:
        fields["List-Unsubscribe"] = field("List-Unsubscribe", *(f"<{url}>" for url in marks.unsubscribe))
    if marks.one_click:
        fields["List-Unsubscribe-Post"] = field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return fields


def date(letter: Letter) -> str:
    """When the message was accepted."""
    return format_datetime(datetime.fromtimestamp(letter.message.created_at / 1000, UTC))


def own_sender(content: Content, sender: str) -> str:
    """The message's own From, where it is a mail address and not the configured one; else empty."""
    named = "" if isinstance(content, Push) else content.sender
    return named if is_mailbox(named) and named.lower() != sender.lower() else ""


def subject(content: Content) -> str:
    """A push's title, or that of HTML; else the first line that says something, cut to 78 characters."""
    line, body = content.title if isinstance(content, Push) else "", content.body
    if isinstance(content, Text) and content.format == HTML:
        line = title(body)
        body = body if line else as_text(body)
    line = line or next((line for line in body.splitlines() if line.strip()), "")
    line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return line if len(line) <= SUBJECT else line[: SUBJECT - 1].rstrip() + "\u2026"


def message_id(letter: Letter, sender: str) -> str:
    """Stable per delivery, so that a mail that came twice can be recognised."""
    return f"<{letter.message.created_at:x}.{letter.delivery_id}@{domain(sender)}>"


def thread_id(message: Message, sender: str) -> str:
    """What all mails of a session refer to, so that mail programs show them together; empty without a session."""
    key = message.content.session_key if isinstance(message.content, Text) else ""
    if not key:
        return ""
    name = hashlib.sha256(f"{message.company_id}\x00{key}".encode("utf-8", "replace")).hexdigest()
    return f"<thread.{name[:24]}@{domain(sender)}>"


def _body(content: Content, link: str) -> bytes:
    """What describes the body, a blank line, and the body."""
    message = EmailMessage(policy=_POLICY)
    if isinstance(content, Text) and content.format == HTML:
        message.set_content(_clean(as_text(content.body)))
        message.add_alternative(_clean(content.body), subtype="html")
        return message.as_bytes()
    said = [content.body]
    if isinstance(content, Push):
        said += [content.url, link]
    message.set_content(_clean("\n\n".join(part for part in said if part)))
    return message.as_bytes()


def _clean(text: str) -> str:
    """Half a surrogate pair fits no UTF-8, and NUL is not allowed in mail."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
