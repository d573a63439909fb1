"""Important pushes go out by mail as well, to everyone who has an address.

Setting: scripts.values.mail_plugin, the name of the mail channel; `email` unless you say otherwise.
"""

from heliograph.scripts import (
    Event,
    OutgoingMessage,
    PocketNotificationMessage,
    PushType,
    log,
    send_messages,
    setting,
    user,
)


def after_send_push_notification_async(
    associate_ids: list[int], message: PocketNotificationMessage, event: Event
) -> None:
    if message.type is not PushType.IMPORTANT:
        return
    people = [person for associate_id in associate_ids if (person := user(associate_id)) and person.email]
    text = f"{message.title}\n\n{message.message}\n{message.url}".strip()
    copies = [OutgoingMessage(to=person.email, content=text) for person in people]
    statuses = send_messages(setting("scripts.values.mail_plugin", "email"), copies) if copies else []
    failed = [status.status_description for status in statuses if status.status != 1]
    if failed:
        log.warning(f"{len(failed)} of {len(copies)} mails cannot go out: {failed[0]}")
