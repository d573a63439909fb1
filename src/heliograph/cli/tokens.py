"""`heliograph token`: access tokens, with which programs call as themselves or as a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.common import CompanyOption, ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.output import console, iso, plain, print_json, say, show_once, table, when
from heliograph.core.access import AccessToken, Scope

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="Access tokens of programs.")


def as_json(token: AccessToken) -> dict[str, Any]:
    """What programs may see of a token; never the token itself."""
    return {
        "token_id": token.id,
        "company_id": token.company_id,
        "associate_id": token.associate_id,
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": iso(token.created_at),
        "expires_at": iso(token.expires_at),
    }


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be given several times.")],
    user: Annotated[str, typer.Option(help="Whom it acts as; without, it is a machine of the company's.")] = "",
    days: Annotated[float, typer.Option(help="Days it lives.", metavar="DAYS")] = 365.0,
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make an access token. It is shown this once and cannot be shown again."""

    async def work(gateway: Heliograph) -> dict[str, Any]:
        chosen = await gateway.people.company(company)
        acting_as = await gateway.people.find(chosen.id, user) if user else None
        new = await gateway.credentials.add_token(chosen.id, name, scope, user=acting_as, days=days)
        return as_json(new.token) | {"access_token": new.text}

    made = in_gateway(config, data, work)
    if json:
        print_json(made)
        return
    told = f"{made['token_id']}  ({made['name']}, until {made['expires_at']})"
    show_once({"token id": told, "access token": made["access_token"]}, "token")


@app.command("list")
def list_(
    company: CompanyOption = None, config: ConfigOption = None, data: DataOption = None, json: JsonOption = False
) -> None:
    """List access tokens, expired ones included."""
    tokens = in_gateway(config, data, lambda gateway: gateway.credentials.tokens(company))
    if json:
        print_json([as_json(token) for token in tokens])
        return
    rows = [
        (
            str(token.id),
            str(token.company_id),
            plain(token.name),
            str(token.associate_id or "machine"),
            ", ".join(token.scopes),
            when(token.expires_at),
        )
        for token in tokens
    ]
    console().print(table(("id", "company", "name", "acts as", "scopes", "expires"), rows, right=("id", "company")))


@app.command("revoke")
def revoke(
    token_id: Annotated[int, typer.Argument(help="The id, as `token list` shows it.")],
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """End an access token, and every ticket made with it. A running gateway knows within a second."""
    in_gateway(config, data, lambda gateway: gateway.credentials.revoke_token(token_id))
    if json:
        print_json({"token_id": token_id, "revoked": True})
    else:
        say(f"Access token {token_id} has ended.")
