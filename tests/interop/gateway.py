"""A gateway in a process of its own, and how a test reads back what reached it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HELIOGRAPH = (sys.executable, "-m", "heliograph")


class Gateway:
    """A running `heliograph demo`: its address, its first user, and the command line beside it."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.url: str = ready["url"]
        self.user: dict[str, Any] = ready["users"][0]
        self.ticket: str = ready["ticket"]
        self.integration_key: str = ready["integration_key"]
        self._data_dir: str = ready["data_dir"]

    def message(self, id: str) -> dict[str, Any]:
        """A message as `heliograph message show` tells it."""
        shown = subprocess.run(
            [*HELIOGRAPH, "message", "show", id, "--data", self._data_dir, "--json"],
            capture_output=True,
            check=True,
            timeout=30,
        )
        told: dict[str, Any] = json.loads(shown.stdout)
        return told


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Gateway]:
    """Start it with these variables of its settings, wait for the line that says it is ready, and end it afterwards."""
    command = [*HELIOGRAPH, "demo", "--json", "--port", "0", "--data", str(folder)]
    environment = os.environ | {"HELIOGRAPH_LOG__LEVEL": "error"} | settings
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield Gateway(json.loads(process.stdout.readline()))
        finally:
            process.terminate()
