"""The folder in which fakes leave what a gateway needs to use them; several fakes may share one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def ca_file(folder: Path, kind: str) -> Path:
    """Where the fake of that kind of channel keeps its certificate authority: no two kinds have the same."""
    return folder.absolute() / f"{kind}-ca.pem"


def fill(folder: Path, contents: Mapping[str, str]) -> None:
    """Write these files, by their names, for nobody else to read; the folder is made if need be. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in contents.items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8") as out:
            out.write(text)
