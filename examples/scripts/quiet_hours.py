"""At night pushes arrive without a sound, important ones excepted.

Settings: scripts.values.quiet_from and scripts.values.quiet_to, as 22:00 and 07:00, in the gateway's local time.
"""

from datetime import datetime, time

from heliograph.scripts import Event, PocketNotificationMessage, PushType, setting


def before_send_push_notification(associate_ids: list[int], message: PocketNotificationMessage, event: Event) -> None:
    if message.type is not PushType.IMPORTANT and _is_quiet(datetime.now().astimezone().time()):
        message.silent = True


def _is_quiet(now: time) -> bool:
    begins = time.fromisoformat(setting("scripts.values.quiet_from", "22:00"))
    ends = time.fromisoformat(setting("scripts.values.quiet_to", "07:00"))
    if begins <= ends:
        return begins <= now < ends
    return now >= begins or now < ends
