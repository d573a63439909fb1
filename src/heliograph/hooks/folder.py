"""The folder that operators drop scripts into: what is there, whether it changed, what it says."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from heliograph.hooks.wire import Source

MOST_BYTES = 1_000_000  # of one script
Prints = dict[str, tuple[int, int, int]]  # file name to what changes when the file does


class ScriptFolder:
    """Files named *.py; those that begin with an underscore are for scripts to import and serve no event themselves."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prints(self) -> Prints:
        """What is there now, cheaply; a folder that is not there is empty. Raises OSError for one that cannot be read."""
        try:
            entries = os.scandir(self.path)
        except FileNotFoundError:
            return {}
        found: Prints = {}
        with entries:
            for entry in entries:
                if _is_python(entry.name) and entry.is_file():
                    with suppress(FileNotFoundError):  # it has just gone
                        facts = entry.stat()
                        found[entry.name] = facts.st_mtime_ns, facts.st_size, facts.st_ino
        return dict(sorted(found.items()))

    def read(self) -> tuple[dict[str, Source], dict[str, str]]:
        """All scripts by name, and the complaints about those that cannot be read. Raises OSError as above."""
        sources: dict[str, Source] = {}
        complaints: dict[str, str] = {}
        for name in self.prints():
            if name.startswith("_"):
                continue
            path = self.path / name
            try:
                complaint = _unsafe(path) or _unsafe(self.path)
                text = "" if complaint else path.read_text(encoding="utf-8")
            except OSError as error:
                complaint = f"{path}: it cannot be read ({error.strerror})."
            except UnicodeDecodeError as error:
                complaint = f"{path}:1: this is not UTF-8 text (byte {error.start})."
            if complaint:
                complaints[name] = complaint
            else:
                sources[name] = Source(name, str(path), text)
        return sources, complaints


def _is_python(name: str) -> bool:
    return name.endswith(".py") and not name.startswith(".")


def _unsafe(path: Path) -> str:
    """Why this must not run in the gateway's name; empty when it may."""
    facts = path.stat()
    if facts.st_mode & stat.S_IWOTH:
        return f"{path}: everyone on this machine may write it, so it is not run; chmod o-w mends it."
    if path.is_file() and facts.st_size > MOST_BYTES:
        return f"{path}: it is larger than {MOST_BYTES} bytes."
    return ""
