"""What gateway and script worker say to each other."""

from __future__ import annotations

import msgspec

from heliograph.workers.frames import Frame

BEFORE, AFTER, AFTER_ASYNC = "before", "after", "after_async"


class Source(msgspec.Struct, array_like=True, frozen=True):
    """One script as the gateway has read it."""

    name: str  # the file's name, which is what the script is called
    path: str
    text: str


class Who(msgspec.Struct, array_like=True, frozen=True):
    """The caller of the method, as scripts may know him or her."""

    company_id: int
    door: str
    associate_id: int | None
    administrator: bool
    dry_run: bool = False  # the call is only tried out: nothing may come of it


class Failed(msgspec.Struct, array_like=True, frozen=True):
    """A script did not do its part."""

    script: str
    reason: str  # one line
    trace: str = ""


class Report(msgspec.Struct, array_like=True, frozen=True):
    """What became of one source: its (event, method) pairs, or why it cannot serve."""

    script: str
    events: list[tuple[str, str]]
    error: str = ""  # one sentence with file and line; empty when the script is fine
    hears_errors: bool = False  # it has an on_error of its own


# ---------------------------------------------------------------- gateway to worker


class Load(Frame, frozen=True, tag="load"):
    """The first frame: take on these limits, then these scripts."""

    folder: str
    sources: list[Source]
    settings: dict[str, bool | int | float | str | None]
    memory: int  # bytes of address space
    sandbox: bool


class Run(Frame, frozen=True, tag="run"):
    """One event of one call, for these scripts in this order."""

    id: int
    event: str
    method: str
    scripts: list[str]
    who: Who
    arguments: bytes  # JSON by the method's parameter names
    result: bytes | None  # JSON
    states: dict[str, bytes]  # msgpack, by script


class Told(Frame, frozen=True, tag="told"):
    """The answer to an Ask; `error` is for the script to see."""

    id: int
    value: bytes = b""
    error: str = ""


class Complain(Frame, frozen=True, tag="complain"):
    """Give this to the script's own on_error."""

    script: str
    message: str


# ---------------------------------------------------------------- worker to gateway


class Loading(Frame, frozen=True, tag="loading"):
    """This script's own code runs from here on."""

    script: str


class Loaded(Frame, frozen=True, tag="loaded"):
    """All sources have been looked at."""

    reports: list[Report]


class Began(Frame, frozen=True, tag="began"):
    """The script at this place of a Run begins; what those before it made of the call."""

    id: int
    place: int
    arguments: bytes | None
    result: bytes | None
    states: dict[str, bytes] | None
    failures: list[Failed]


class Done(Frame, frozen=True, tag="done"):
    """A Run has ended. None: as it was."""

    id: int
    arguments: bytes | None = None
    result: bytes | None = None
    states: dict[str, bytes] | None = None
    failures: list[Failed] = msgspec.field(default_factory=list)
    rejected: str | None = None
    rejected_by: str = ""


class Ask(Frame, frozen=True, tag="ask"):
    """A script wants something of the gateway, and waits for Told."""

    id: int
    script: str
    who: Who
    verb: str
    value: bytes  # JSON


class Said(Frame, frozen=True, tag="said"):
    """A script logs."""

    script: str
    level: str
    text: str


FromGateway = Load | Run | Told | Complain
FromWorker = Loading | Loaded | Began | Done | Ask | Said

from_gateway = msgspec.msgpack.Decoder(FromGateway).decode
from_worker = msgspec.msgpack.Decoder(FromWorker).decode
