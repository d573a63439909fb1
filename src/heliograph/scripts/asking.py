"""What a script can ask of the gateway while one of its handlers runs."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from heliograph.intake.carriers import MessageDeliveryStatus, OutgoingMessage, PocketNotificationMessage

SEND_PUSH, SEND_MESSAGES, USER = "send_push_notification", "send_messages", "user"


class ScriptError(Exception):
    """The gateway could not do what the script asked; the text says why."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A user, as scripts see one."""

    associate_id: int
    user_id: str
    user_name: str
    full_name: str = ""
    email: str = ""
    phone: str = ""
    external_id: str = ""
    role: str = "user"
    active: bool = True


class Line(Protocol):
    """The way from a script to its gateway."""

    @property
    def settings(self) -> dict[str, Any]: ...

    def ask(self, verb: str, value: Any) -> bytes:
        """The answer as JSON. Raises ScriptError."""

    def say(self, level: str, text: str) -> None:
        """Put a line in the gateway's log."""


class _Place:
    """Where the line is, once a worker has one."""

    line: Line | None = None


def connect(line: Line) -> None:
    """From now on scripts of this process ask through this line."""
    _Place.line = line


def _line() -> Line:
    if _Place.line is None:
        raise ScriptError("This works while a handler runs in the gateway, or under `heliograph scripts run`.")
    return _Place.line


def send_push_notification(associate_ids: list[int], message: PocketNotificationMessage) -> int:
    """Send a push in the caller's name; its message id. No events are raised for it. Raises ScriptError."""
    answer = _line().ask(SEND_PUSH, {"associate_ids": associate_ids, "message": message})
    return msgspec.json.decode(answer, type=int)


def send_messages(plugin: str, outgoing_messages: list[OutgoingMessage]) -> list[MessageDeliveryStatus]:
    """Send through a channel in the caller's name; returns once they are stored. No events. Raises ScriptError."""
    answer = _line().ask(SEND_MESSAGES, {"plugin": plugin, "outgoing_messages": outgoing_messages})
    return msgspec.json.decode(answer, type=list[MessageDeliveryStatus])


def user(associate_id: int) -> Person | None:
    """The user of the caller's company with this associate id."""
    return _person({"associate_id": associate_id})


def user_by_name(user_name: str) -> Person | None:
    """The user of the caller's company with this name, without regard to case."""
    return _person({"user_name": user_name})


def user_by_email(email: str) -> Person | None:
    """The user of the caller's company with this e-mail address; None when several have it."""
    return _person({"email": email})


def _person(question: dict[str, Any]) -> Person | None:
    return msgspec.json.decode(_line().ask(USER, question), type=Person | None)


def setting(name: str, default: Any = None) -> Any:
    """A setting by its dotted name, `scripts.values.NAME` for your own; secrets are not among them."""
    return _line().settings.get(name, default)


class _Log:
    """Lines in the gateway's log, under the script's name. Secrets and addresses are masked there."""

    def debug(self, text: str) -> None:
        """For the author."""
        _line().say("debug", text)

    def info(self, text: str) -> None:
        """For whoever reads along."""
        _line().say("info", text)

    def warning(self, text: str) -> None:
        """For an operator's eye."""
        _line().say("warning", text)

    def error(self, text: str) -> None:
        """For an operator's hand."""
        _line().say("error", text)


log = _Log()
