"""The worker process: takes scripts from the gateway over one socket, runs their events, and ends with the gateway."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

import msgspec

from heliograph.hooks.signatures import Signature, signature_of
from heliograph.hooks.wire import (
    Ask,
    Complain,
    Done,
    Failed,
    FromGateway,
    Load,
    Loaded,
    Loading,
    Report,
    Run,
    Said,
    Told,
    Who,
    from_gateway,
)
from heliograph.intake.methods import service_methods
from heliograph.scripts import asking
from heliograph.scripts.chain import Chain
from heliograph.scripts.load import Script, Unfit, load, told
from heliograph.scripts.sandbox import narrow
from heliograph.workers.limits import limit_memory
from heliograph.workers.line import Gone, Line, take_line

MOST_LINES = 200  # that scripts of this worker may log in a second
LONGEST_LINE = 2000  # characters
_NOBODY = Who(0, "script", None, False)


class Worker:
    """One process's scripts, and the line to its gateway."""

    def __init__(self, line: Line[FromGateway], methods: dict[str, Signature]) -> None:
        self._line = line
        self._methods = methods
        self._scripts: dict[str, Script] = {}
        self._running, self._who = "", _NOBODY
        self._asked = 0
        self._said, self._said_since = 0, 0.0  # lines in the second that began then
        self.settings: dict[str, Any] = {}

    def serve(self) -> None:
        """Until the gateway closes the line."""
        while True:
            frame = self._line.next()
            if isinstance(frame, Run):
                self._line.send(self._run(frame))
            elif isinstance(frame, Load):
                self._load(frame)
            elif isinstance(frame, Complain):
                self._complain(frame)

    # ------------------------------------------------------------------ what scripts ask

    def ask(self, verb: str, value: Any) -> bytes:
        """The gateway's answer. Raises ScriptError."""
        if threading.current_thread() is not threading.main_thread():
            raise asking.ScriptError("Only the handler itself can ask the gateway, not a thread that it started.")
        self._asked += 1
        self._line.send(Ask(self._asked, self._running, self._who, verb, msgspec.json.encode(value)))
        later: list[FromGateway] = []
        while True:
            frame = self._line.next()
            if isinstance(frame, Told) and frame.id == self._asked:
                self._line.put_back(later)
                break
            if not isinstance(frame, Told):
                later.append(frame)
        if frame.error:
            raise asking.ScriptError(frame.error)
        return frame.value

    def say(self, level: str, text: str) -> None:
        """Log under the running script's name; a script that says too much at once is cut short."""
        now = time.monotonic()
        if now - self._said_since >= 1.0:
            if self._said > MOST_LINES:
                self._line.send(Said(self._running, "warning", f"{self._said - MOST_LINES} lines were left out"))
            self._said_since, self._said = now, 0
        self._said += 1
        if self._said <= MOST_LINES:
            self._line.send(Said(self._running, level, str(text)[:LONGEST_LINE]))

    # ------------------------------------------------------------------ work

    def _load(self, frame: Load) -> None:
        self.settings = dict(frame.settings)
        sys.path.append(frame.folder)
        limit_memory(frame.memory)
        if frame.sandbox:
            narrow()
        self._line.send(Loaded([self._taken_on(source) for source in frame.sources]))

    def _taken_on(self, source: Any) -> Report:
        self._running = source.name
        self._line.send(Loading(source.name))
        try:
            script = load(source, self._methods)
        except Unfit as unfit:
            return Report(source.name, [], str(unfit))
        self._scripts[source.name] = script
        return script.report()

    def _run(self, run: Run) -> Done:
        self._who = run.who
        self._running = run.scripts[0]
        try:
            return Chain(run, self._methods[run.method], self._scripts).go(self._began)
        except MemoryError:
            return Done(run.id, failures=[Failed(self._running, "MemoryError: over scripts.memory")])

    def _began(self, began: Any) -> None:
        self._line.send(began)

    def _complain(self, frame: Complain) -> None:
        script = self._scripts.get(frame.script)
        if script is None or script.on_error is None:
            return
        self._running = frame.script
        try:
            script.on_error(frame.message)
        except BaseException as error:
            self.say("error", f"on_error failed itself: {told(error)}")


class Lines:
    """A text stream whose lines go to the log: what scripts print."""

    def __init__(self, worker: Worker, level: str) -> None:
        self._worker, self._level, self._begun = worker, level, ""
        self.encoding, self.errors = "utf-8", "replace"

    def write(self, text: str) -> int:
        """Log every whole line."""
        *lines, self._begun = (self._begun + text).split("\n")
        self.writelines(lines)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Log each, blank ones excepted."""
        for line in lines:
            if line.strip():
                self._worker.say(self._level, line)

    def flush(self) -> None:
        """An unfinished line waits for its end."""

    def isatty(self) -> bool:
        """Nobody watches."""
        return False


def main() -> None:
    """Serve on the line that the gateway has given."""
    line = take_line()
    if line is None:
        return
    methods = {name: signature_of(name, function) for name, function in service_methods().items()}
    worker = Worker(Line(line, from_gateway), methods)
    asking.connect(worker)
    sys.stdout, sys.stderr = Lines(worker, "info"), Lines(worker, "warning")
    try:
        worker.serve()
    except (Gone, ConnectionError, KeyboardInterrupt):
        os._exit(0)  # without the goodbyes of threads that a script may have started


if __name__ == "__main__":
    main()
