"""The addresses and links that a mail carries, each with a token that names the mail: where it bounces to, where it is answered."""

from __future__ import annotations

from urllib.parse import quote

from heliograph.channels.email.mailbox import tagged
from heliograph.channels.email.payload import Marks
from heliograph.channels.email.settings import EmailSettings
from heliograph.channels.email.tokens import Kind, Tokens
from heliograph.core.delivery import Letter


class Addresses:
    """Of one channel, as its settings say."""

    def __init__(self, settings: EmailSettings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens

    def envelope(self, letter: Letter) -> str:
        """The envelope's sender: where a mail server returns what cannot be delivered (VERP)."""
        address = self._settings.bounce_address
        return self._with_token(address, Kind.BOUNCE, letter) if address else self._settings.sender

    def marks(self, letter: Letter, link: str) -> Marks:
        """What goes into the head."""
        settings = self._settings
        reply_to = self._with_token(settings.reply_address, Kind.REPLY, letter) if settings.reply_address else ""
        return Marks(
            sender=settings.sender,
            sender_name=settings.sender_name,
            reply_to=reply_to,
            unsubscribe=self._unsubscribe(letter),
            one_click=bool(settings.unsubscribe_url),
            link=link,
        )

    def _unsubscribe(self, letter: Letter) -> tuple[str, ...]:
        urls = []
        if url := self._settings.unsubscribe_url:
            token = self._token(Kind.UNSUBSCRIBE, letter)
            marked = url if "{token}" in url else f"{url}{'&' if '?' in url else '?'}token={{token}}"
            urls.append(marked.replace("{token}", quote(token, safe="")))
        if address := self._settings.unsubscribe_address:
            urls.append(f"mailto:{self._with_token(address, Kind.UNSUBSCRIBE, letter)}")
        return tuple(urls)

    def _with_token(self, address: str, kind: Kind, letter: Letter) -> str:
        return tagged(address, self._token(kind, letter))

    def _token(self, kind: Kind, letter: Letter) -> str:
        return self._tokens.make(kind, letter.message.id, letter.delivery_id)
