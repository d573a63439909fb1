"""How the script commands show what they found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from heliograph.cli.output import console, one_line, plain, print_json, say, table, when

if TYPE_CHECKING:
    from heliograph.hooks.control import Listing
    from heliograph.hooks.rehearsal import Outcome
    from heliograph.hooks.tracing import Trace

_STYLE = {"serving": "green", "broken": "red", "disabled": "red", "old version serving": "yellow"}


def show_listing(listing: Listing, json: bool) -> None:
    """Every script in a table, or as JSON."""
    if json:
        print_json(listing)
        return
    if not listing.scripts:
        say("There are no scripts.")
        return
    rows = [
        (
            plain(each.name),
            f"[{_STYLE[each.state]}]{each.state}[/]",
            plain(", ".join(each.events)),
            plain(each.problem, 500),
        )
        for each in listing.scripts
    ]
    console().print(table(("script", "state", "events", "problem"), rows))


def show_outcome(outcome: Outcome, name: str) -> None:
    """What each event of a rehearsed call did, and what would have come of it."""
    say(f"{name}: a call of {outcome.method}")
    for event in outcome.events:
        say(f"  {event.event} ({event.took_us} us)")
        for words in [*event.changed, *([f"refused: {event.rejected}"] if event.rejected is not None else [])]:
            say(f"    {words}" if words.startswith("refused") else f"    changed {words}")
        for failure in event.failures:
            say(f"    failed {one_line(failure, 500)}")
    for asked in outcome.asked:
        say(f"  asked for {asked['what']}: {msgspec.json.encode(asked['with']).decode()}")
    for line in outcome.said:
        say(f"  said {one_line(line, 500)}")
    say(f"  the method got {msgspec.json.encode(outcome.arguments).decode()}")
    if outcome.result is not None:
        say(f"  the caller got {msgspec.json.encode(outcome.result).decode()}")


def show_trace(trace: Trace) -> None:
    """One event of a live call on one line."""
    what = [f"{trace.event} {trace.method}".strip(), ", ".join(trace.scripts)]
    what += [f"{trace.took_us} us"] if trace.took_us else []
    what += [f"changed {', '.join(trace.changed)}"] if trace.changed else []
    what += [f"refused: {trace.rejected}"] if trace.rejected is not None else []
    what += [f"failed {failure}" for failure in trace.failures]
    what += [trace.text] if trace.text else []
    say(f"{when(trace.time)}  " + one_line("  ".join(what), 1000))
