"""Every service method by its name on the wire, read from the service classes: what scripts can listen to."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from heliograph.intake.answers import AnswerService
from heliograph.intake.devices import DeviceService
from heliograph.intake.incoming import IncomingService
from heliograph.intake.messaging import MessagingService
from heliograph.intake.notifications import NotificationService
from heliograph.intake.principal import PrincipalService
from heliograph.intake.push import PushService
from heliograph.intake.services import Handler
from heliograph.intake.statuses import StatusService

SERVICES: tuple[type, ...] = (
    PushService,
    MessagingService,
    StatusService,
    IncomingService,
    DeviceService,
    NotificationService,
    AnswerService,
    PrincipalService,
)


def service_methods() -> dict[str, Callable[..., Any]]:
    """SendPushNotification to the function that does it, of every service."""
    return {name: function for service in SERVICES for name, function in _methods_of(service).items()}


def handlers(*services: object) -> dict[str, Handler]:
    """The same names to the methods of these objects, ready to be called."""
    return {
        name: getattr(service, function.__name__)
        for service in services
        for name, function in _methods_of(type(service)).items()
    }


def _methods_of(service: type) -> dict[str, Callable[..., Any]]:
    """A service method is a public coroutine that takes a call; `send_messages` is SendMessages on the wire."""
    return {
        "".join(part.capitalize() for part in name.split("_")): function
        for name, function in vars(service).items()
        if not name.startswith("_")
        and inspect.iscoroutinefunction(function)
        and list(inspect.signature(function).parameters)[1:2] == ["call"]
    }
