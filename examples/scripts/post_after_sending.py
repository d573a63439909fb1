"""After each push another system is told, by a JSON post; nobody waits for it.

Setting: scripts.values.notify_url. The post may come twice after a crash; `key` is the same both times.
"""

import json
from urllib.request import Request, urlopen
from uuid import uuid4

from heliograph.scripts import Event, PocketNotificationMessage, log, setting

_SECONDS = 10


def before_send_push_notification(associate_ids: list[int], message: PocketNotificationMessage, event: Event) -> None:
    event.state = {"key": uuid4().hex, "asked_for": len(associate_ids)}


def after_send_push_notification_async(
    associate_ids: list[int], message: PocketNotificationMessage, event: Event
) -> None:
    url = setting("scripts.values.notify_url")
    if not url:
        return
    told = {
        "key": event.state["key"],
        "title": message.title,
        "recipients": event.state["asked_for"],
        "door": event.caller.door,
    }
    request = Request(url, json.dumps(told).encode(), {"Content-Type": "application/json"}, method="POST")
    with urlopen(request, timeout=_SECONDS) as answer:
        log.info(f"told, answered {answer.status}")


def on_error(message: str) -> None:
    log.warning(f"the other system was not told: {message}")
