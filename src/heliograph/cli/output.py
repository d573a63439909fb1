"""How commands speak: tables for people, JSON for programs, complaints on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from heliograph.core.lifecycle import State

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: The colour of each state: settled well, settled badly, still under way.
STATE_STYLE: dict[State, str] = {
    State.QUEUED: "cyan",
    State.HELD: "yellow",
    State.LEASED: "cyan",
    State.SENT: "green",
    State.DELIVERED: "green",
    State.REPLIED: "green",
    State.UNDELIVERED: "red",
    State.FAILED: "red",
    State.EXPIRED: "yellow",
    State.CANCELLED: "dim",
}

_PIPE_WIDTH = 400


def console() -> Console:
    """Standard output; made when asked for, so that it is the one of this moment. Into a pipe nothing is wrapped."""
    from rich.console import Console  # what rich draws costs 0.05 s; JSON and a plain line do without

    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)


def complain(sentence: str) -> None:
    """One line on stderr."""
    print(f"heliograph: {one_line(sentence)}", file=sys.stderr)


def say(line: str = "") -> None:
    """A line of plain text, never wrapped: it may be copied."""
    print(line, flush=True)


def show_once(facts: Mapping[str, str], secret: str = "") -> None:
    """Names and what they are, one on a line; and of a secret among them (`token`, `key`) that nobody will see it again."""
    width = max(map(len, facts))
    for name, value in facts.items():
        say(f"{name:<{width}}  {one_line(value)}")
    if secret:
        say(f"Note the {secret} now: only its hash is kept, so it cannot be shown again.")


def print_json(value: Any) -> None:
    """One JSON document on standard output, indented for a reader when that is a terminal."""
    text = msgspec.json.encode(value, enc_hook=str)
    print((msgspec.json.format(text, indent=2) if sys.stdout.isatty() else text).decode(), flush=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> Table:
    """A quiet table; a cell may carry markup, so pass foreign text through `plain`."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0), show_header=any(columns))
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def plain(text: str, most: int = 200) -> str:
    """Foreign text made harmless for the terminal: no markup, no control characters, not too long."""
    from rich.markup import escape

    return escape(one_line(text, most))


def one_line(text: str, most: int = 2000) -> str:
    """The text on one line, without control characters."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def state_text(state: State) -> str:
    """A state in its colour."""
    return f"[{STATE_STYLE[state]}]{state.value}[/]"


def when(ms: int) -> str:
    """A moment in local time, to the second; empty for none."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S") if ms else ""


def iso(ms: int) -> str | None:
    """A moment for programs: UTC, ISO 8601."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds") if ms else None
