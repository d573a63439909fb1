"""The command as a user runs it: a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 60.0  # seconds until a command that should have ended is taken for stuck


class Ran:
    """A command that has ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> Any:
        """What it printed for programs."""
        return json.loads(self.out)


class Terminal:
    """Runs commands in one folder; the environment is empty but for what a test gives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"

    def run(self, *words: str, given: str = "", environ: Mapping[str, str] = {}) -> Ran:
        """Run a command to its end."""
        done = subprocess.run(
            self._command(words),
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env=self._environ(environ),
            timeout=PATIENCE,
            check=False,
        )
        return Ran(done)

    def ok(self, *words: str, given: str = "") -> Ran:
        """Run a command that must succeed without a complaint."""
        ran = self.run(*words, given=given)
        assert ran.code == 0, ran.err + ran.out
        assert ran.err == ""
        return ran

    @contextmanager
    def running(self, *words: str, environ: Mapping[str, str] = {}) -> Iterator[subprocess.Popen[str]]:
        """A command that stays up; it is ended with SIGTERM when the test leaves, and must then end with code 0."""
        process = subprocess.Popen(
            self._command(words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env=self._environ(environ),
        )
        try:
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            _, complaints = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, complaints
        finally:
            process.kill()
            process.communicate()

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "heliograph", *words]

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {"PYTHONUTF8": "1", "COLUMNS": "120", "HELIOGRAPH_DATA_DIR": str(self.data)} | dict(more)


def line_with(process: subprocess.Popen[str], words: str) -> str:
    """The next line of its output that holds these words."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"it ended without saying {words!r}: {process.stderr.read() if process.stderr else ''}")
