"""`heliograph ticket`: ending sign-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.common import NOTHING, CompanyOption, ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.output import print_json, say

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="Tickets of users who have signed in.")


@app.command("revoke")
def revoke(
    user: Annotated[str, typer.Option(help="Whose: user name, e-mail, user id, external id or associate id.")],
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """End every ticket of a user. A running gateway knows within `store.directory_cache` seconds."""

    async def work(gateway: Heliograph) -> tuple[str, int]:
        found = await gateway.people.find(company, user)
        return found.user_name, await gateway.people.revoke_tickets(found)

    name, count = in_gateway(config, data, work)
    if json:
        print_json({"user_name": name, "revoked": count})
    else:
        say(f"{count} {'ticket' if count == 1 else 'tickets'} of {name} ended.")
    if not count:
        raise typer.Exit(NOTHING)
