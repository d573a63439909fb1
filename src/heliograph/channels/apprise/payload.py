"""A letter as a notification. Pure."""

from __future__ import annotations

from heliograph.channels.apprise.wire import Notify
from heliograph.channels.notice import read
from heliograph.core.delivery import Letter
from heliograph.core.message import Push

#: ProviderInfo.SupportedMessagingFormats, and what apprise calls each; a service that has it not gets it converted.
FORMATS: dict[str, str] = {"text/plain": "text", "text/markdown": "markdown", "text/html": "html"}


def notification(letter: Letter, answer_link: str = "") -> Notify | None:
    """Title and text; None when there is nothing to say.

    A push shows its link, and a question the link by which it is answered, on lines of their own. A text has its From
    as title.
    """
    content = letter.message.content
    notice = read(letter.message)
    links = [link for link in (notice.data.get("url", ""), answer_link) if link] if isinstance(content, Push) else []
    body = "\n".join(part for part in (notice.body, *links) if part)
    if not (body.strip() or notice.title.strip()):
        return None
    return Notify(
        id=0,  # given when it is sent
        target=letter.address.value,
        title=_one_line(notice.title),
        body=_printable(body),
        format="text" if isinstance(content, Push) else FORMATS.get(content.format, "text"),
        urgent=letter.message.urgent,
    )


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _printable(text: str) -> str:
    """Without control characters, which some services refuse; lines and tabs stay."""
    return "".join(char if char in "\n\t" or char >= " " else " " for char in text.replace("\r\n", "\n")).replace(
        "\x7f", " "
    )
