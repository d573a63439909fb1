"""From a script's text to its handlers, checked so that a mistake is told with file and line before anything runs."""

from __future__ import annotations

import ast
import difflib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from heliograph.hooks.signatures import Signature, camel, event_names
from heliograph.hooks.wire import AFTER, AFTER_ASYNC, Report, Source

Handler = Callable[..., Any]
_NEAR = 0.8  # how alike a function's name must be to an event's to be taken for a slip of the pen


class Unfit(Exception):
    """The script cannot serve; the text says where and why."""


class Script:
    """A script that can serve."""

    def __init__(self, name: str, module: ModuleType, handlers: dict[tuple[str, str], Handler]) -> None:
        self.name = name
        self.module = module
        self.handlers = handlers  # (event, method) to a handler that takes arguments, result and event by position
        on_error = getattr(module, "on_error", None) or getattr(module, "OnError", None)
        self.on_error: Handler | None = on_error if callable(on_error) else None

    def report(self) -> Report:
        """What the gateway must know of it."""
        return Report(self.name, sorted(self.handlers), hears_errors=self.on_error is not None)


def load(source: Source, methods: Mapping[str, Signature]) -> Script:
    """Run the script's top level and find its handlers. Raises Unfit."""
    tree = _parsed(source)
    events = event_names(methods)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    named = {name: node for name, node in functions.items() if _is_event(source, node, events)}
    if not named:
        raise Unfit(f"{source.path}:1: there is no event handler here, such as before_send_push_notification.")
    for name, node in named.items():
        _check_parameters(source, node, events[name], methods)
    module = _executed(source, tree)
    handlers: dict[tuple[str, str], Handler] = {}
    for name, node in named.items():
        event, method = events[name]
        if (event, method) in handlers:
            raise Unfit(f"{source.path}:{node.lineno}: {name} is here twice, once in each spelling; keep one.")
        handlers[event, method] = getattr(module, name)
    return Script(source.name, module, handlers)


def _parsed(source: Source) -> ast.Module:
    try:
        return ast.parse(source.text, source.path)
    except SyntaxError as error:
        raise Unfit(f"{source.path}:{error.lineno or 1}: {error.msg}.") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unfit(f"{source.path}:1: this cannot be read as Python: {error}.") from None


def _is_event(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef, events: Mapping[str, Any]) -> bool:
    name = node.name
    if name in events:
        return True
    meant = name.startswith(("before_", "after_")) or (name.startswith(("Before", "After")) and "_" not in name)
    near = difflib.get_close_matches(name, list(events), n=1, cutoff=0.0 if meant else _NEAR)
    if name.startswith("_") or not (meant or near):
        return False
    raise Unfit(
        f"{source.path}:{node.lineno}: {name} is not an event. Did you mean {near[0]}? "
        "A helper's name begins with an underscore."
    )


def _check_parameters(
    source: Source,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    about: tuple[str, str],
    methods: Mapping[str, Signature],
) -> None:
    place = f"{source.path}:{node.lineno}: {node.name}"
    if isinstance(node, ast.AsyncFunctionDef):
        raise Unfit(f"{place} must be a plain function: def, not async def.")
    given = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    wanted = expected(node.name, *about, methods)
    extra = node.args.vararg or node.args.kwarg or node.args.kwonlyargs
    if extra or [name.lstrip("_") for name in given] not in wanted:
        raise Unfit(
            f"{place} has wrong parameters: ({', '.join(given)}{', ...' if extra else ''}). "
            f"It takes ({', '.join(wanted[0])})."
        )


def expected(name: str, event: str, method: str, methods: Mapping[str, Signature]) -> list[list[str]]:
    """The parameter lists a handler of that name may have, the one to recommend first."""
    signature = methods[method]
    own = list(signature.parameters)
    if not name[0].isupper():
        return [[*own, "event"]]
    result = ["returnValue"] if event in (AFTER, AFTER_ASYNC) and signature.returns is not None else []
    return [[*map(camel, own), *result, "eventState"]]


def _executed(source: Source, tree: ast.Module) -> ModuleType:
    module = ModuleType(f"heliograph_script_{source.name.removesuffix('.py')}")
    module.__file__ = source.path
    sys.modules[module.__name__] = module
    try:
        exec(compile(tree, source.path, "exec"), module.__dict__)  # noqa: S102 - the operator's own code
    except BaseException as error:
        raise Unfit(f"{source.path}:{line_of(error, source.path)}: {told(error)}") from None
    return module


def line_of(error: BaseException, path: str) -> int:
    """The innermost line of that file on the way to the error."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return lines[-1] or 1 if lines else 1


def told(error: BaseException) -> str:
    """An exception as one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def takes_result(handler: Handler) -> bool:
    """Whether the handler is of the spelling that takes the result as a parameter."""
    return "returnValue" in inspect.signature(handler).parameters
