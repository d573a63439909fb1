"""A letter as a mail (RFC 5322): plain text in UTF-8, always with the same Message-ID. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP

from heliograph.channels.email.mailbox import domain, is_mailbox
from heliograph.core.delivery import Letter
from heliograph.core.message import Content, Push

SUBJECT = 78  # characters of a first line that become the subject; RFC 5322 recommends lines no longer than this
_POLICY = SMTP.clone(cte_type="7bit")  # bodies are encoded so that servers without 8BITMIME take them


def mail(letter: Letter, *, sender: str, sender_name: str) -> bytes:
    """The whole mail with CRLF line ends.

    From is the message's own sender where that is a mail address, with the configured one as Sender.
    """
    content = letter.message.content
    named = "" if isinstance(content, Push) else content.sender
    own = named if is_mailbox(named) and named.lower() != sender.lower() else ""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _mailbox(own) if own else _mailbox(sender, sender_name)
    if own:
        message["Sender"] = _mailbox(sender, sender_name)
    message["To"] = _mailbox(letter.address.value)
    message["Subject"] = subject(content)
    message["Date"] = datetime.fromtimestamp(letter.message.created_at / 1000, UTC)
    message["Message-ID"] = message_id(letter, sender)
    message.set_content(_text(content))
    return message.as_bytes()


def subject(content: Content) -> str:
    """A push's title, else the first line that says something, cut to 78 characters."""
    title = content.title if isinstance(content, Push) else ""
    line = title or next((line for line in content.body.splitlines() if line.strip()), "")
    line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return line if len(line) <= SUBJECT else line[: SUBJECT - 1].rstrip() + "\u2026"


def message_id(letter: Letter, sender: str) -> str:
    """Stable per delivery, so that a mail that came twice can be recognised."""
    return f"<{letter.message.created_at:x}.{letter.delivery_id}@{domain(sender)}>"


def _mailbox(address: str, name: str = "") -> Mailbox:
    return Mailbox(display_name=name, addr_spec=address)


def _text(content: Content) -> str:
    body = content.body
    if isinstance(content, Push) and content.url:
        body = f"{body}\n\n{content.url}" if body else content.url
    # Half a surrogate pair fits no UTF-8, and NUL is not allowed in mail.
    return body.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
