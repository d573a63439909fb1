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
    """SendPushNotification to the function that does it; a service method is a public coroutine that takes a call."""
    found: dict[str, Callable[..., Any]] = {}
    for service in SERVICES:
        for name, function in vars(service).items():
            if name.startswith("_") or not inspect.iscoroutinefunction(function):
                continue
            if list(inspect.signature(function).parameters)[1:2] == ["call"]:
                found["".join(part.capitalize() for part in name.split("_"))] = function
    return found
