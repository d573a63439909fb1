"""`heliograph ticket`: ending sign-ins."""

from __future__ import annotations

from typing import Annotated

import typer

from heliograph.cli.common import NOTHING, CompanyOption, ConfigOption, DataOption, JsonOption, opened, run
from heliograph.cli.output import print_json, say

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

    async def work() -> tuple[str, int]:
        async with opened(config, data) as gateway:
            found = await gateway.people.find(company, user)
            return found.user_name, await gateway.people.revoke_tickets(found)

    name, count = run(work())
    if json:
        print_json({"user_name": name, "revoked": count})
    else:
        say(f"{count} {'ticket' if count == 1 else 'tickets'} of {name} ended.")
    if not count:
        raise typer.Exit(NOTHING)
