"""The fence around a worker in which scripts of the operator's run."""

from __future__ import annotations

import resource
import signal
import sys
from typing import Any

#: What a narrowed script may not do, by the interpreter's audit events.
_FORBIDDEN = frozenset(
    {
        "ctypes.dlopen",
        "ctypes.dlsym",
        "os.chmod",
        "os.chown",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.link",
        "os.mkdir",
        "os.posix_spawn",
        "os.putenv",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.system",
        "os.truncate",
        "pty.spawn",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.sendto",
        "sqlite3.connect",
        "subprocess.Popen",
    }
)
_WRITING = frozenset("wax+")


def narrow() -> None:
    """From now on: no file is written, nothing is connected to, no program is started.

    A fence for scripts that go astray, not a jail for hostile ones: native code could climb it.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN:
        raise PermissionError(f"scripts.sandbox does not allow {event}")
    if event == "open" and _writes(arguments):
        raise PermissionError("scripts.sandbox does not allow writing files")


def _writes(arguments: tuple[Any, ...]) -> bool:
    """Whether an `open` event (path, mode, flags) asks for more than reading."""
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return bool(_WRITING & set(mode))
    return isinstance(flags, int) and bool(flags & 0b11)
