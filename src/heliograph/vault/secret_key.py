"""Where the sealing keys live: an environment variable, or a file made at first start."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from heliograph.core.errors import BadSetting
from heliograph.vault.sealer import KEY_BYTES

VARIABLE = "HELIOGRAPH_SECRET_KEY"
FILE = "secret.key"


def secret_keys(data_dir: Path, environment: Mapping[str, str], entropy: Callable[[int], bytes]) -> list[bytes]:
    """The keys, the current one first: from the environment, else from the file, which is made if it is missing.

    Both hold 32 bytes in base64, one key a line (or with commas between). Raises BadSetting, never showing the key.
    """
    told = environment.get(VARIABLE, "").strip()
    if told:
        return _read(told, VARIABLE)
    path = data_dir / FILE
    if not path.exists():
        _make(path, base64.b64encode(entropy(KEY_BYTES)) + b"\n")
    if stat.S_IMODE(path.stat().st_mode) & 0o007:
        raise BadSetting(f"{path} can be read by every user of this machine: chmod 600 {path}")
    return _read(path.read_text("ascii", "replace"), str(path))


def _read(text: str, where: str) -> list[bytes]:
    keys = []
    for word in text.replace(",", "\n").split():
        try:
            key = base64.b64decode(word, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise BadSetting(f"{where} must hold {KEY_BYTES} bytes in base64; make one: openssl rand -base64 32")
        keys.append(key)
    if not keys:
        raise BadSetting(f"{where} is empty; restore the key, or what was sealed with it is lost.")
    return keys


def _make(path: Path, content: bytes) -> None:
    """Write the file whole and on disk before it has its name, so that a crash or a second process sees no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)
    except FileExistsError:
        return  # another process was first: its key is the one
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
