"""What an SMS says and who it is from, taken out of a letter."""

from __future__ import annotations

import msgspec

from heliograph.channels.sms.numbers import Sender, read_number, read_sender
from heliograph.channels.sms.parts import MOST_PARTS, Plan, plan
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.message import Content, Push
from heliograph.core.outcome import Refused

#: ProviderInfo.SupportedMessagingFormats of every SMS channel; the contract's name first.
FORMATS = ("sms/160", "text/plain")


class Sms(msgspec.Struct, frozen=True):
    """One SMS, ready to be handed to a provider."""

    to: str  # +4712345678
    sender: Sender
    plan: Plan


def resolve(to: str, country: str) -> Address:
    """To as an address. Raises InvalidArgument with the reason."""
    try:
        return Address(value=read_number(to, country))
    except ValueError as reason:
        raise InvalidArgument(f"To must be a telephone number: {reason}.", field="To") from None


def read_letter(
    letter: Letter, *, sender: str, most_parts: int = MOST_PARTS, wide: bool = False, latin1: bool = False
) -> Sms | Refused:
    """The SMS in a letter, or why it can never be one.

    `sender` is from whom it is when the message does not say; `wide` and `latin1` as for `plan`.
    """
    content = letter.message.content
    named = "" if isinstance(content, Push) else content.sender
    try:
        to, source = read_number(letter.address.value), read_sender(named or sender)
    except ValueError as reason:
        return Refused(str(reason))
    text = words(content)
    if not text.strip():
        return Refused("the message has no text")
    cut = plan(text, wide=wide, latin1=latin1)
    if len(cut.parts) > most_parts:
        return Refused(f"the text needs {len(cut.parts)} SMS in {cut.alphabet}; at most {most_parts} are sent")
    return Sms(to, source, cut)


def units(content: Content, *, wide: bool = False, latin1: bool = False) -> int:
    """How many SMS the text needs, each of which costs."""
    return max(len(plan(words(content), wide=wide, latin1=latin1).parts), 1)


def words(content: Content) -> str:
    """A text's body; a push's title, body and URL on lines of their own."""
    if not isinstance(content, Push):
        return content.body
    return "\n".join(line for line in (content.title, content.body, content.url) if line)
