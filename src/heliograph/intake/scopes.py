"""Which scope an access token needs for which service method; whoever signs in needs none."""

from __future__ import annotations

from heliograph.core.access import Scope
from heliograph.core.errors import NotAllowed
from heliograph.core.people import Caller

#: None: the method is how one signs in, or tells what everybody may know.
SCOPE_OF: dict[str, Scope | None] = {
    "SendPushNotification": Scope.PUSH,
    "SendMessages": Scope.MESSAGES,
    "SendMessagesWithConfig": Scope.MESSAGES,
    "GetDeliveryStatus": Scope.MESSAGES,
    "SetDeliveryStatus": Scope.MESSAGES,
    "CreateMessage": Scope.MESSAGES,
    "GetPlugins": Scope.MESSAGES,
    "RegisterDeviceForPushNotification": Scope.DEVICES,
    "GetRegisteredDevices": Scope.DEVICES,
    "SetPushNotificationTagsForDevice": Scope.DEVICES,
    "SetPushNotificationTagsForUser": Scope.DEVICES,
    "GetPushNotificationTagsForDevice": Scope.DEVICES,
    "UnregisterDeviceForPushNotification": Scope.DEVICES,
    "NotificationHandled": Scope.INBOX,
    "NotificationsHandled": Scope.INBOX,
    "GetPocketStartupData": Scope.INBOX,
    "AnswerQuestion": Scope.INBOX,
    "AuthenticateUsernamePassword": None,
    "AuthenticateImplicit": None,
    "AuthenticateGeneric": None,
    "AuthenticateWithAccessToken": None,
    "GetSystemInfo": None,
}


def require(caller: Caller, scope: Scope) -> None:
    """Raises NotAllowed when the caller's access token does not reach that far."""
    if not caller.may(scope):
        raise NotAllowed(f"This access token lacks the scope {scope.value}.")


def require_for(method: str, caller: Caller) -> None:
    """The same for a service method; one that is not in the table takes the scope admin. Raises NotAllowed."""
    if caller.scopes is None:
        return
    scope = SCOPE_OF.get(method, Scope.ADMIN)
    if scope is not None:
        require(caller, scope)
