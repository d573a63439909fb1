"""`heliograph channel`: what is configured, how it stands, whether it works."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.channels import registry
from heliograph.channels.packages import offered
from heliograph.channels.plugin import Plugin
from heliograph.cli.common import NOTHING, ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.output import console, plain, print_json, state_text, table
from heliograph.config.describe import describe
from heliograph.core.errors import NotFound
from heliograph.core.lifecycle import State
from heliograph.core.ports import Channel, Check

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="Channels: the configured ways out.")

_CHECK_SECONDS = 30.0


@app.command("list")
def list_(config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """List the configured channels and how many deliveries each has in each state."""

    async def work(gateway: Heliograph) -> list[dict[str, Any]]:
        counts = await gateway.query.counts()
        tables = gateway.settings.channels
        known = [_row(name, tables[name]["kind"], channel, counts) for name, channel in gateway.channels.items()]
        gone = [_row(name, "", None, counts) for name in counts if name not in gateway.channels]
        return known + gone

    rows = in_gateway(config, data, work)
    if json:
        print_json(rows)
        return
    columns = ("channel", "kind", "formats", "own config", "deliveries")
    console().print(table(columns, [_cells(row) for row in rows]))


def _row(name: str, kind: str, channel: Channel | None, counts: dict[str, dict[State, int]]) -> dict[str, Any]:
    traits = channel.traits if channel is not None else None
    return {
        "name": name,
        "kind": kind,
        "configured": channel is not None,
        "formats": list(traits.formats) if traits else [],
        "config_keys": sorted(traits.config_keys) if traits and traits.config_keys is not None else None,
        "deliveries": {state.value: count for state, count in counts.get(name, {}).items()},
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    deliveries = ", ".join(f"{count} {state_text(State(state))}" for state, count in row["deliveries"].items())
    return (
        plain(row["name"]),
        plain(row["kind"]) if row["configured"] else "[red]not configured[/]",
        ", ".join(row["formats"]),
        ", ".join(row["config_keys"] or ()) or "none",
        deliveries or "none",
    )


@app.command("kinds")
def kinds(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="Show the settings of this kind.")] = None,
    json: JsonOption = False,
) -> None:
    """List the kinds of channel there are, and the package that brings each; or one kind's settings.

    Exit code 1 when an installed package cannot be used.
    """
    if kind is not None:
        _print_kind(registry.load(kind), json)
        return
    found = offered()
    if json:
        print_json(found)
    else:
        rows = [
            (plain(each.kind), plain(f"{each.package} {each.version}"), _words(each.description, each.trouble))
            for each in found
        ]
        console().print(table(("kind", "from", ""), rows))
    if any(each.trouble for each in found):
        raise typer.Exit(NOTHING)


def _words(description: str, trouble: str) -> str:
    return f"[red]{plain(trouble, 500)}[/]" if trouble else plain(description, 200)


def _print_kind(plugin: Plugin, json: bool) -> None:
    rows = describe(plugin.settings)
    if json:
        print_json({"kind": plugin.kind, "description": plugin.description, "settings": rows})
        return
    out = console()
    out.print(plain(plugin.description, 200))
    out.print(
        table(
            ("setting", "takes", "default", ""),
            [
                (
                    row.key,
                    plain(row.type, 200),
                    "required" if row.required else plain(row.default),
                    plain(row.text, 500),
                )
                for row in rows
            ],
        )
    )


@app.command("check")
def check(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Channels; all when none.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Try credentials and connections; say for each channel whether it works, and if not, what would mend it."""

    async def work(gateway: Heliograph) -> list[tuple[str, Check]]:
        wanted = names or list(gateway.channels)
        unknown = [name for name in wanted if name not in gateway.channels]
        if unknown:
            known = ", ".join(gateway.channels) or "none"
            raise NotFound(f"There is no channel {unknown[0]!r}. Configured: {known}.")
        answers = await asyncio.gather(*(_checked(gateway.channels[name]) for name in wanted))
        return list(zip(wanted, answers, strict=True))

    answers = in_gateway(config, data, work)
    if json:
        print_json([{"name": name, "ok": answer.ok, "sentence": answer.sentence} for name, answer in answers])
    else:
        marks = {True: "[green]works[/]", False: "[red]fails[/]"}
        rows = [(plain(name), marks[answer.ok], plain(answer.sentence, 500)) for name, answer in answers]
        console().print(table(("channel", "", ""), rows))
    if not all(answer.ok for _, answer in answers):
        raise typer.Exit(NOTHING)


async def _checked(channel: Channel) -> Check:
    try:
        return await asyncio.wait_for(channel.check(), _CHECK_SECONDS)
    except TimeoutError:
        return Check(False, f"No answer within {_CHECK_SECONDS:g} seconds.")
