"""Runs one event through its scripts in order: each sees what those before it made of the call, none can harm the next."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from heliograph.hooks.signatures import Signature, members
from heliograph.hooks.wire import AFTER, AFTER_ASYNC, BEFORE, Began, Done, Failed, Run
from heliograph.scripts.event import Event, Reject
from heliograph.scripts.load import Handler, Script, line_of, takes_result, told

_pack, _unpack = msgspec.msgpack.encode, msgspec.msgpack.decode
_encoder = msgspec.json.Encoder()


class Chain:
    """One Run, from its first script to its last."""

    def __init__(self, run: Run, signature: Signature, scripts: Mapping[str, Script]) -> None:
        self._run = run
        self._signature = signature
        self._scripts = scripts
        self._arguments, self._result, self._states = run.arguments, run.result, dict(run.states)
        self._failures: list[Failed] = []
        self._values: dict[str, Any] | None = None

    def go(self, began: Callable[[Began], None]) -> Done:
        """Run them all; `began` is told before each but the first."""
        run = self._run
        for place, name in enumerate(run.scripts):
            script = self._scripts[name]
            if place:
                began(Began(run.id, place, *self._changed(), list(self._failures)))
            try:
                self._one(script)
            except Reject as refusal:
                if run.event == BEFORE:
                    return Done(run.id, *self._changed(), self._failures, refusal.reason, name)
                self._failed(script, refusal, f"Reject counts in Before handlers only: {refusal.reason}")
            except BaseException as error:  # SystemExit as well: it is the script that wants to end, not the worker
                self._failed(script, error, told(error))
        return Done(run.id, *self._changed(), self._failures)

    def _one(self, script: Script) -> None:
        run, signature = self._run, self._signature
        if self._values is None:
            self._values = members(signature, self._arguments)
        values, self._values = self._values, None
        state = self._states.get(script.name)
        returned = run.event != BEFORE and signature.returns is not None
        event = Event(run.event, run.method, run.who, _unpack(state) if state else None)
        if returned:
            event._return_value = signature.result.decode(self._result) if self._result is not None else None
        handler = script.handlers[run.event, run.method]
        taken = [event.return_value] if returned and takes_result_of(handler) else []
        handler(*values.values(), *taken, event)
        self._keep(script, values, event, returned)

    def _keep(self, script: Script, values: dict[str, Any], event: Event, returned: bool) -> None:
        """What the script changed, once all of it is known to be something the method can have."""
        run, signature = self._run, self._signature
        arguments, result = self._arguments, self._result
        if run.event == BEFORE:
            arguments = _encoder.encode(values)
            if arguments != self._arguments:
                members(signature, arguments)
        if returned and run.event == AFTER:
            result = _encoder.encode(event.return_value)
            if result != self._result:
                signature.result.decode(result)
        if run.event != AFTER_ASYNC:
            self._keep_state(script.name, event.state)
        self._arguments, self._result = arguments, result
        if run.event == BEFORE:
            self._values = values

    def _keep_state(self, name: str, state: Any) -> None:
        if state is None:
            self._states.pop(name, None)
            return
        try:
            self._states[name] = _pack(state)
        except TypeError as error:
            raise TypeError(f"event.state must be plain data (numbers, texts, lists, dicts): {error}") from None

    def _failed(self, script: Script, error: BaseException, reason: str) -> None:
        path = str(script.module.__file__)
        trace = "".join(traceback.format_exception(error))
        told_in_full = f"{path}:{line_of(error, path)}: {reason}"
        self._failures.append(Failed(script.name, told_in_full, trace))
        if script.on_error is not None:
            try:
                script.on_error(told_in_full)
            except BaseException as worse:
                self._failures.append(Failed(script.name, f"on_error failed itself: {told(worse)}"))

    def _changed(self) -> tuple[bytes | None, bytes | None, dict[str, bytes] | None]:
        run = self._run
        return (
            self._arguments if self._arguments != run.arguments else None,
            self._result if self._result != run.result else None,
            self._states if self._states != run.states else None,
        )


_takes_result: dict[Handler, bool] = {}


def takes_result_of(handler: Handler) -> bool:
    """As `takes_result`, remembered: it is asked at every call."""
    if handler not in _takes_result:
        _takes_result[handler] = takes_result(handler)
    return _takes_result[handler]
