"""Pushes and messages may lead to our own sites only.

Setting: scripts.values.link_hosts, host names with commas between them; their subdomains are allowed as well.
"""

import re
from urllib.parse import urlsplit

from heliograph.scripts import Event, OutgoingMessage, PocketNotificationMessage, Reject, setting

_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)


def before_send_push_notification(associate_ids: list[int], message: PocketNotificationMessage, event: Event) -> None:
    links = [message.url] if message.url else []
    for text in (message.title, message.message):
        links += _LINK.findall(text)
    _check(links)


def before_send_messages(plugin: str, outgoing_messages: list[OutgoingMessage], event: Event) -> None:
    for message in outgoing_messages:
        _check(_LINK.findall(message.content))


def _check(links: list[str]) -> None:
    allowed = [host.strip().lower() for host in setting("scripts.values.link_hosts", "").split(",") if host.strip()]
    for link in links:
        host = _host(link)
        if not any(host == each or host.endswith(f".{each}") for each in allowed):
            raise Reject(f"Links to {host or 'no host at all'} are not allowed here.")


def _host(link: str) -> str:
    try:
        return (urlsplit(link).hostname or "").lower()
    except ValueError:
        return ""
