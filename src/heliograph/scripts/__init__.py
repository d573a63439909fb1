"""What a script imports: refusing a call, sending, users, settings and the log.

from heliograph.scripts import Event, PocketNotificationMessage, Reject

def before_send_push_notification(associate_ids: list[int], message: PocketNotificationMessage, event: Event) -> None:
    if "secret" in message.title:
        raise Reject("Titles are not the place for secrets.")
"""

from __future__ import annotations

from heliograph.core.message import PushType
from heliograph.intake.carriers import (
    Authentication,
    IncomingMessage,
    MessageDeliveryStatus,
    NotificationEvent,
    OutgoingMessage,
    PocketDeviceInfo,
    PocketNotificationMessage,
    PocketStartupData,
    ProviderInfo,
    SoSystemInfoCarrier,
)
from heliograph.scripts.asking import (
    Person,
    ScriptError,
    log,
    send_messages,
    send_push_notification,
    setting,
    user,
    user_by_email,
    user_by_name,
)
from heliograph.scripts.event import Event, Reject

__all__ = [
    "Authentication",
    "Event",
    "IncomingMessage",
    "MessageDeliveryStatus",
    "NotificationEvent",
    "OutgoingMessage",
    "Person",
    "PocketDeviceInfo",
    "PocketNotificationMessage",
    "PocketStartupData",
    "ProviderInfo",
    "PushType",
    "Reject",
    "ScriptError",
    "SoSystemInfoCarrier",
    "log",
    "send_messages",
    "send_push_notification",
    "setting",
    "user",
    "user_by_email",
    "user_by_name",
]
