"""Reads from the library's log, and from what the interpreter does, what became of a notification.

The library itself answers True or False. Its log names the status; the texts of exceptions in it are those of
requests, urllib3 and smtplib. Lines that may hold what a user wrote are not looked at.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from heliograph.channels.apprise.wire import Cause

#: How a warning names an HTTP status: in its last words, where some services put a detail behind it, as 40301; or before
#: what the service wrote, which is not looked at.
STATUSES = (
    re.compile(r"error=([1-5]\d\d)\d{0,2}\.?\s*$", re.ASCII),
    re.compile(r"^[\w .-]{1,60} notification failed: ([1-5]\d\d) - ", re.ASCII),
)
#: How smtplib writes a reply, alone or for each recipient.
REPLY = re.compile(r"\(([245]\d\d), b['\"]", re.ASCII)

#: What the text of an exception tells; the first row that is found in it counts.
EXCEPTIONS: tuple[tuple[str, Cause], ...] = (
    (r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSLCertVerificationError", Cause.CERTIFICATE),
    (r"NameResolutionError|Name or service not known|Temporary failure in name resolution", Cause.UNREACHED),
    (r"NewConnectionError|Connection refused|No route to host|Network is unreachable", Cause.UNREACHED),
    (r"ConnectTimeout|Unable to connect to proxy|ProxyError", Cause.UNREACHED),
    (r"SSLError|SSL: ", Cause.UNREACHED),
    (r"RemoteDisconnected|Connection aborted|Connection reset|Connection broken|IncompleteRead", Cause.CUT),
    (r"Connection unexpectedly closed|BadStatusLine|Broken pipe|EOF occurred", Cause.CUT),
    (r"[Tt]imed? ?out", Cause.SILENT),
)
_EXCEPTIONS = tuple((re.compile(pattern), cause) for pattern, cause in EXCEPTIONS)
_TELLS_AN_EXCEPTION = re.compile(r"(?:Socket|I/O|SMTP|Connection) ?Exception")
_SENT = re.compile(r"Sent ")


class Listener(logging.Handler):
    """Hears the library's log during one notification."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.start()

    def start(self) -> None:
        """Forget what was heard."""
        self.cause, self.code, self.pieces = Cause.NONE, 0, 0

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one line. The last reason that is given counts."""
        text = record.getMessage()
        if record.levelno == logging.INFO and _SENT.match(text):
            self.pieces += 1
        elif record.levelno >= logging.WARNING:
            self._warned(text)
        elif _TELLS_AN_EXCEPTION.match(text):
            self._excepted(text)

    def _warned(self, text: str) -> None:
        found = next((match for pattern in STATUSES if (match := pattern.search(text))), None)
        if found is not None:
            self.cause, self.code = Cause.STATUS, int(found[1])
        elif _TELLS_AN_EXCEPTION.match(text):
            self._excepted(text)

    def _excepted(self, text: str) -> None:
        if found := REPLY.search(text):
            self.cause, self.code = Cause.REPLY, int(found[1])
            return
        for pattern, cause in _EXCEPTIONS:
            if pattern.search(text):
                self.cause, self.code = cause, 0
                return


class Traffic:
    """Hears from the interpreter's audit events whether anything was connected to, and whether anything left."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """A new notification begins."""
        self.tried = self._left = self._spoken = False
        self._content_follows = False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """For `sys.addaudithook`."""
        if event == "http.client.send":
            self._spoken = self._left = True
        elif event == "smtplib.send":
            self._spoken = True
            self._left = self._left or self._content_follows
            self._content_follows = arguments[1][:4].lower() in ("data", b"data")
        elif event == "smtplib.connect":
            self._spoken = True
        elif event == "socket.sendto":
            self.tried = self._left = True
        elif event in ("socket.connect", "socket.getaddrinfo"):
            self.tried = True

    def left(self, cause: Cause) -> bool:
        """Whether something of the message may have left. A protocol that we cannot follow counts as if it had."""
        if cause in (Cause.UNREACHED, Cause.CERTIFICATE):
            return self._left
        return self._left or (self.tried and not self._spoken)
