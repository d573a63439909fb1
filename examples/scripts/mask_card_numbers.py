"""Card numbers leave the gateway as their last four digits, whatever way they came in."""

import re

from heliograph.scripts import Event, OutgoingMessage, PocketNotificationMessage

_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


def before_send_push_notification(associate_ids: list[int], message: PocketNotificationMessage, event: Event) -> None:
    message.title = _masked(message.title)
    message.message = _masked(message.message)
    for key, value in message.extra_values.items():
        message.extra_values[key] = _masked(value)


def before_send_messages(plugin: str, outgoing_messages: list[OutgoingMessage], event: Event) -> None:
    for message in outgoing_messages:
        message.content = _masked(message.content)


def _masked(text: str) -> str:
    return _DIGITS.sub(lambda found: _shown(found.group()), text)


def _shown(number: str) -> str:
    digits = [int(letter) for letter in number if letter.isdigit()]
    return f"**** {number[-4:]}" if _is_card(digits) else number


def _is_card(digits: list[int]) -> bool:
    """The Luhn check, which order numbers and the like seldom pass."""
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
