"""What a handler is told of its event, and how it refuses the call."""

from __future__ import annotations

from typing import Any

from heliograph.hooks.wire import BEFORE, Who

_NOTHING = object()


class Reject(Exception):
    """Raised in a Before handler: the call is refused, and the caller reads this reason."""

    def __init__(self, reason: str = "A script refused the call.") -> None:
        super().__init__(reason)
        self.reason = str(reason)


class Event:
    """One event of one call, as one script sees it."""

    def __init__(self, name: str, method: str, caller: Who, state: Any, return_value: Any = _NOTHING) -> None:
        self.name = name  # before, after, after_async
        self.method = method  # SendPushNotification
        self.caller = caller
        self.state = state  # plain data of the script's own, from this call's earlier events
        self._return_value = return_value

    @property
    def dry_run(self) -> bool:
        """Whether somebody only asks what would be sent: do nothing then that others would notice."""
        return self.caller.dry_run

    @property
    def return_value(self) -> Any:
        """What the method returned. Raises AttributeError in Before, and where the method returns nothing."""
        if self._return_value is _NOTHING:
            when = "before the method has run" if self.name == BEFORE else f"because {self.method} returns nothing"
            raise AttributeError(f"there is no return_value {when}")
        return self._return_value

    @return_value.setter
    def return_value(self, value: Any) -> None:
        if self._return_value is _NOTHING:
            raise AttributeError(f"{self.method} has no return_value to change in {self.name}")
        self._return_value = value
