"""`heliograph suppression`: addresses that are not used any more, why, and how to use one again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.common import CompanyOption, ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.output import console, iso, one_line, plain, print_json, say, table, when
from heliograph.core.errors import InvalidArgument, NotFound
from heliograph.core.suppression import Suppression

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(
    no_args_is_help=True, help="Addresses that are not used any more: dead ones, and those who want no more."
)

ChannelArgument = Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel, by its name.")]
AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="The address, as `list` shows it.")]


def as_json(one: Suppression) -> dict[str, Any]:
    """What programs see."""
    return {
        "channel": one.channel,
        "address": one.address,
        "reason": one.reason,
        "created_at": iso(one.created_at),
    }


@app.command("list")
def list_(
    channel: Annotated[str | None, typer.Option(metavar="NAME", help="Only this channel's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List addresses that are not used any more, the newest first."""

    async def work(gateway: Heliograph) -> list[Suppression]:
        found: list[Suppression] = await gateway.store.suppressions.suppressions(channel, before=None, limit=limit)
        return found

    found = in_gateway(config, data, work)
    if json:
        print_json([as_json(one) for one in found])
        return
    rows = [(plain(one.channel), plain(one.address, 60), when(one.created_at), plain(one.reason)) for one in found]
    console().print(table(("channel", "address", "since", "reason"), rows))


@app.command("lift")
def lift(
    channel: ChannelArgument,
    address: AddressArgument,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Use an address again; a gateway that is running knows within a second (store.directory_cache)."""

    async def work(gateway: Heliograph) -> bool:
        lifted: bool = await gateway.store.suppressions.lift(channel, address)
        return lifted

    if not in_gateway(config, data, work):
        raise NotFound(f"{one_line(address, 60)} is not suppressed on the channel {one_line(channel)!r}.")
    if json:
        print_json({"channel": channel, "address": address, "lifted": True})
    else:
        say(f"{one_line(address, 60)} is used again.")


@app.command("add")
def add(
    channel: ChannelArgument,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address, as callers write it in To.")],
    reason: Annotated[str, typer.Option(help="Why: senders are told.")] = "withdrawn by an operator",
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Do not use an address any more."""

    async def work(gateway: Heliograph) -> str:
        used = gateway.channels.get(channel)
        if used is None:
            raise InvalidArgument(f"There is no channel {one_line(channel)!r}.")
        company_id = (await gateway.people.company(company)).id
        resolved = (await used.resolve(company_id, address, "")).value
        await gateway.directory.suppress(channel, resolved, reason=reason, now=gateway.clock.now())
        return str(resolved)

    suppressed = in_gateway(config, data, work)
    if json:
        print_json({"channel": channel, "address": suppressed, "reason": reason})
    else:
        say(f"{one_line(suppressed, 60)} is not used any more.")
