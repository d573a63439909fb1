"""The files that a channel's settings name: read when it is built, and told by the setting when they cannot be."""

from __future__ import annotations

import ssl
from pathlib import Path

from heliograph.core.errors import BadSetting


def read_text(setting: str, path: Path) -> str:
    """What a text file says; `setting` is its name, like channels.apple.key_file. Raises BadSetting."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as trouble:
        raise _unreadable(setting, path, trouble.strerror or type(trouble).__name__) from None
    except UnicodeDecodeError:
        raise _unreadable(setting, path, "it is not a text file") from None


def trusting(setting: str, ca_file: Path | None) -> ssl.SSLContext:
    """TLS to servers with certificates of these authorities; without a file, of those the machine trusts. Raises BadSetting."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise _unreadable(setting, ca_file, "it holds no certificate in PEM") from None
    except OSError as trouble:
        raise _unreadable(setting, ca_file, trouble.strerror or type(trouble).__name__) from None


def _unreadable(setting: str, path: Path | None, why: str) -> BadSetting:
    return BadSetting(f"{setting}: {path} cannot be read ({why}).")
