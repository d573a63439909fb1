"""What gateway and apprise worker say to each other. From the worker come facts alone, never the library's own words."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from heliograph.workers.frames import Frame


class Cause(StrEnum):
    """Why a notification was not taken, as far as it can be told."""

    NONE = ""  # the library gave no reason that we know
    STATUS = "status"  # the service answered with an HTTP status
    REPLY = "reply"  # the mail server answered with a reply code
    UNREACHED = "unreached"  # no connection
    CERTIFICATE = "certificate"  # the server's certificate does not hold
    SILENT = "silent"  # the answer did not come in time
    CUT = "cut"  # the connection ended before the answer
    UNREADABLE = "unreadable"  # apprise does not understand the target's URL


class Load(Frame, frozen=True, tag="load"):
    """The first frame: take on this limit, then get ready for these targets."""

    targets: dict[str, str]  # URLs by name; secret
    overflow: str
    memory: int  # bytes of address space
    proxy: str = ""  # secret


class Notify(Frame, frozen=True, tag="notify"):
    """One notification for one target."""

    id: int
    target: str
    title: str
    body: str
    format: str  # text, markdown or html
    urgent: bool


class Ready(Frame, frozen=True, tag="ready"):
    """Every target has been looked at."""

    version: str  # of the library
    services: dict[str, str]  # by target: the service's name
    problems: dict[str, str]  # by target: what is wrong with its URL, in one sentence without the URL


class Told(Frame, frozen=True, tag="told"):
    """What became of a notification."""

    id: int
    taken: bool
    cause: Cause = Cause.NONE
    code: int = 0  # the HTTP status or the reply code
    tried: bool = False  # a name was looked up or a connection begun
    left: bool = False  # something of the message may have left
    pieces: int = 0  # parts of it that the service took before


FromGateway = Load | Notify
FromWorker = Ready | Told
from_gateway = msgspec.msgpack.Decoder(FromGateway).decode
from_worker = msgspec.msgpack.Decoder(FromWorker).decode
