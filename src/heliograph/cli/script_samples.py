"""A sample call of every service method, and the text of a new script, both read from the method's own signature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, get_args, get_origin

import msgspec

from heliograph.hooks.signatures import Signature, snake
from heliograph.intake.carriers import MessageDeliveryStatus, OutgoingMessage, PocketNotificationMessage
from heliograph.scripts.words import written

_CARRIERS: dict[type, Any] = {
    PocketNotificationMessage: PocketNotificationMessage(
        title="Pump 14",
        message="Low pressure at site 14. Card 4111 1111 1111 1111, see https://example.com/pump/14",
        url="https://example.com/pump/14",
        date=datetime(2026, 11, 21, 9, tzinfo=UTC),
        duration=timedelta(hours=1),
        extra_values={"badge": "1"},
    ),
    OutgoingMessage: OutgoingMessage(from_="ERP", to="keeper", content="Low pressure at site 14."),
    MessageDeliveryStatus: MessageDeliveryStatus(status=1, status_description="Sent.", messaging_id=1),
}
_SIMPLE: dict[Any, Any] = {int: 101, str: "sample", bool: True, float: 1.0}


def sample(kind: Any) -> Any:
    """A plausible value of that type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is list:
        return [sample(inner[0])]
    if origin is dict:
        return {}
    if inner:  # a union: the first that is not None
        return sample(next(each for each in inner if each is not type(None)))
    if kind in _CARRIERS:
        return _CARRIERS[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind()
    return _SIMPLE.get(kind)


def sample_arguments(signature: Signature) -> bytes:
    """JSON of a call that the method would take."""
    return msgspec.json.encode({name: sample(kind) for name, kind in signature.parameters.items()})


def sample_result(signature: Signature) -> bytes | None:
    """JSON of what the method might return; None for a method that returns nothing."""
    return msgspec.json.encode(sample(signature.returns)) if signature.returns is not None else None


def new_script(signature: Signature) -> str:
    """A script with all three handlers of one method, which changes nothing until it is edited."""
    word = snake(signature.method)
    parameters = ", ".join(
        [*(f"{name}: {written(kind)}" for name, kind in signature.parameters.items()), "event: Event"]
    )
    carriers = {name for kind in [*signature.parameters.values(), signature.returns] for name in _carriers(kind)}
    imports = ", ".join(sorted({"Event", "Reject", *carriers}))
    returns = written(signature.returns) if signature.returns is not None else ""
    after = f"    # event.return_value: {returns}\n" if returns else ""
    return (
        f'"""What this script is for, in one sentence."""\n\n'
        f"from heliograph.scripts import {imports}, log\n\n\n"
        f"def before_{word}({parameters}) -> None:\n"
        f'    """Runs before the method. Change what it is given, or refuse: raise Reject("reason")."""\n'
        f"    event.state = None  # plain data that the two below will see\n\n\n"
        f"def after_{word}({parameters}) -> None:\n"
        f'    """Runs after the method; the caller waits for it."""\n{after}\n\n'
        f"def after_{word}_async({parameters}) -> None:\n"
        f'    """Runs afterwards, while nobody waits; after a crash it may run twice."""\n\n\n'
        f"def on_error(message: str) -> None:\n"
        f'    """Hears of everything that goes wrong in this script."""\n'
        f"    log.warning(message)\n"
    )


def _carriers(kind: Any) -> set[str]:
    if get_args(kind):
        return {name for inner in get_args(kind) for name in _carriers(inner)}
    return {kind.__name__} if kind in _importable() else set()


def _importable() -> set[Any]:
    from heliograph import scripts

    return {getattr(scripts, name) for name in scripts.__all__ if isinstance(getattr(scripts, name), type)}
