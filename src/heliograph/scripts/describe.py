"""The events of every service method as a table, for the guide."""

from __future__ import annotations

from heliograph.hooks.signatures import signature_of, snake
from heliograph.intake.methods import service_methods
from heliograph.scripts.words import written


def events_table() -> str:
    """One row a method: the name that follows `before_` and `after_`, its parameters, what it returns."""
    rows = [
        "| `before_…`, `after_…`, `after_…_async` | parameters before `event` | `event.return_value` |",
        "|---|---|---|",
    ]
    for method, function in sorted(service_methods().items()):
        signature = signature_of(method, function)
        parameters = ", ".join(f"`{name}: {written(kind)}`" for name, kind in signature.parameters.items())
        returns = f"`{written(signature.returns)}`" if signature.returns is not None else ""
        rows.append(
            f"| `{snake(method)}` | {parameters or 'none'} | {returns or 'none'} |".replace(" | None", " or None")
        )
    return "\n".join(rows) + "\n"
