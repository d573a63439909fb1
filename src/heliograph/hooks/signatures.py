"""What scripts must know of a service method: its parameters, its result, and the names of its three events."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import msgspec

from heliograph.hooks.wire import AFTER, AFTER_ASYNC, BEFORE

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CALL = ("self", "call")  # what every method takes besides the caller's arguments


class Signature(msgspec.Struct, frozen=True):
    """One service method."""

    method: str
    parameters: dict[str, Any]  # name to type, in order
    returns: Any  # the type, or None for a method that returns nothing
    arguments: msgspec.json.Decoder[Any]  # JSON object to a struct with the parameters as its members
    result: msgspec.json.Decoder[Any]


def signature_of(method: str, function: Callable[..., Any]) -> Signature:
    """Read from the method itself, so that it cannot say anything else."""
    hints = get_type_hints(function)
    names = [name for name in inspect.signature(function).parameters if name not in _CALL]
    parameters = {name: hints[name] for name in names}
    returns = hints.get("return")
    returns = None if returns is type(None) else returns
    holder = msgspec.defstruct(f"{method}Arguments", list(parameters.items()))
    return Signature(method, parameters, returns, msgspec.json.Decoder(holder), msgspec.json.Decoder(returns or Any))


def members(signature: Signature, data: bytes) -> dict[str, Any]:
    """The arguments by name. Raises msgspec.ValidationError for values the method does not take."""
    holder = signature.arguments.decode(data)
    return {name: getattr(holder, name) for name in signature.parameters}


def snake(name: str) -> str:
    """SendPushNotification to send_push_notification."""
    return _HUMP.sub("_", name).lower()


def camel(name: str) -> str:
    """associate_ids to associateIds."""
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(part.capitalize() for part in rest)


def event_names(methods: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Every name an event handler can have, in both spellings, to its event and method."""
    names: dict[str, tuple[str, str]] = {}
    for method in methods:
        word = snake(method)
        names |= {
            f"before_{word}": (BEFORE, method),
            f"after_{word}": (AFTER, method),
            f"after_{word}_async": (AFTER_ASYNC, method),
            f"Before{method}": (BEFORE, method),
            f"After{method}": (AFTER, method),
            f"After{method}Async": (AFTER_ASYNC, method),
        }
    return names
