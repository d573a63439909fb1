"""What a script imports. Editors read this file; `heliograph scripts new` writes a script to begin with.

A script listens by its functions' names, in either spelling, for every service method:

    before_send_push_notification(associate_ids, message, event)
    after_send_push_notification(associate_ids, message, event)
    after_send_push_notification_async(associate_ids, message, event)
    BeforeSendPushNotification(associateIds, message, eventState)
    on_error(message)
"""

from typing import Any, Final, Literal, TypeVar, overload

from heliograph.core.message import PushType as PushType
from heliograph.intake.carriers import (
    Authentication as Authentication,
)
from heliograph.intake.carriers import (
    IncomingMessage as IncomingMessage,
)
from heliograph.intake.carriers import (
    MessageDeliveryStatus as MessageDeliveryStatus,
)
from heliograph.intake.carriers import (
    NotificationEvent as NotificationEvent,
)
from heliograph.intake.carriers import (
    OutgoingMessage as OutgoingMessage,
)
from heliograph.intake.carriers import (
    PocketDeviceInfo as PocketDeviceInfo,
)
from heliograph.intake.carriers import (
    PocketNotificationMessage as PocketNotificationMessage,
)
from heliograph.intake.carriers import (
    PocketStartupData as PocketStartupData,
)
from heliograph.intake.carriers import (
    ProviderInfo as ProviderInfo,
)
from heliograph.intake.carriers import (
    SoSystemInfoCarrier as SoSystemInfoCarrier,
)

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

_Default = TypeVar("_Default")
_Plain = bool | int | float | str | None

class Reject(Exception):
    """Raised in a Before handler: the call is refused, and the caller reads this reason."""

    reason: str
    def __init__(self, reason: str = "A script refused the call.") -> None: ...

class ScriptError(Exception):
    """The gateway could not do what the script asked; the text says why."""

class _Caller:
    """Who called the method."""

    @property
    def company_id(self) -> int:
        """0 where nobody has signed in."""

    @property
    def door(self) -> str:
        """soap, rest, agents, cli or console."""

    @property
    def associate_id(self) -> int | None:
        """None for a program with an integration key."""

    @property
    def administrator(self) -> bool: ...

class Event:
    """One event of one call, as one script sees it."""

    name: Literal["before", "after", "after_async"]
    method: str
    caller: _Caller
    state: Any
    """Plain data of the script's own: None at first, then seen in After and AfterAsync of the same call."""

    @property
    def return_value(self) -> Any:
        """What the method returned. In After it may be changed or replaced; in AfterAsync changes are dropped."""

    @return_value.setter
    def return_value(self, value: Any) -> None: ...
    @property
    def dry_run(self) -> bool:
        """Whether somebody only asks what would be sent: do nothing then that others would notice."""

class Person:
    """A user, as scripts see one."""

    @property
    def associate_id(self) -> int: ...
    @property
    def user_id(self) -> str: ...
    @property
    def user_name(self) -> str: ...
    @property
    def full_name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def external_id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def active(self) -> bool: ...

class _Log:
    """Lines in the gateway's log, under the script's name. Secrets and addresses are masked there."""

    def debug(self, text: str) -> None: ...
    def info(self, text: str) -> None: ...
    def warning(self, text: str) -> None: ...
    def error(self, text: str) -> None: ...

log: Final[_Log]

def send_push_notification(associate_ids: list[int], message: PocketNotificationMessage) -> int:
    """Send a push in the caller's name; its message id. No events are raised for it. Raises ScriptError."""

def send_messages(plugin: str, outgoing_messages: list[OutgoingMessage]) -> list[MessageDeliveryStatus]:
    """Send through a channel in the caller's name; returns once they are stored. No events. Raises ScriptError."""

def user(associate_id: int) -> Person | None:
    """The user of the caller's company with this associate id."""

def user_by_name(user_name: str) -> Person | None:
    """The user of the caller's company with this name, without regard to case."""

def user_by_email(email: str) -> Person | None:
    """The user of the caller's company with this e-mail address; None when several have it."""

@overload
def setting(name: str) -> Any:
    """A setting by its dotted name, `scripts.values.NAME` for your own; None when it is not there, or a secret."""

@overload
def setting(name: str, default: _Default) -> _Default: ...
