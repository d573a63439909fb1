"""What would be sent, as a page or JSON; and hints for what was."""

from __future__ import annotations

from heliograph.cli.common import NOTHING, OK
from heliograph.cli.output import console, plain, print_json, table
from heliograph.core.ports import Channels
from heliograph.intake.dry_run import LISTED, DryRun, OneMessage, OneWay
from heliograph.intake.previews import preview
from heliograph.intake.query import MessageView


def show_dry_run(run: DryRun, *, json: bool) -> int:
    """Print it; the exit code, which is 1 when nothing at all would be sent."""
    if json:
        print_json(run)
    else:
        _print(run)
    ways = [way for message in run.messages for way in message.ways]
    return NOTHING if all(way.refused for way in ways) else OK


def _print(run: DryRun) -> None:
    out = console()
    if run.changed:
        out.print(f"changed by scripts: {plain(', '.join(run.changed), 300)}")
    for message in run.messages:
        many = ", ".join(f"{plain(channel)} ({count})" for channel, count in message.channels.items())
        out.print(f"[bold]{plain(message.title, 120)}[/]  would go by {many} and live {message.lives:g} seconds")
        columns = ("channel", "address", "bytes", "parts", "alphabet", "")
        out.print(table(columns, [_cells(way) for way in message.ways], right=("bytes", "parts")))
        for line in _further(message):
            out.print(line)
    out.print("Nothing was sent or stored.")


def _cells(way: OneWay) -> tuple[str, ...]:
    words = f"[red]refused:[/] {plain(way.refused, 300)}" if way.refused else plain(way.hint, 300)
    return (plain(way.channel), plain(way.address, 50), _number(way.size), _number(way.parts), way.encoding, words)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _further(message: OneMessage) -> list[str]:
    left = sum(message.channels.values()) - len(message.ways)
    lines = [f"and {left} more, of which only the first {LISTED} are looked at"] if left else []
    if message.second_ways:
        lines.append(f"should a way be lost: {plain(', '.join(message.second_ways), 200)}")
    return lines


def hints(channels: Channels, view: MessageView) -> dict[int, str]:
    """By delivery: how its sender could have done better."""
    found: dict[int, str] = {}
    for delivery in view.deliveries[:LISTED]:
        seen = preview(channels, view.message, delivery)
        if seen is not None and seen.hint:
            found[delivery.id] = seen.hint
    return found
