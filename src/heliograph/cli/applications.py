"""`heliograph application`: registered client programs and the agents they may use (soap.application_tokens)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.common import ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.output import console, iso, one_line, plain, print_json, say, show_once, table
from heliograph.core.access import Application
from heliograph.edge.contract.versions import AGENTS

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="Client programs and the agents granted to them.")

#: What an application may use unless it says otherwise: Messaging is always granted by name.
USUAL = ("Pocket", "SoPrincipal")

NameArgument = Annotated[str, typer.Argument(help="The application's name.")]


def as_json(application: Application) -> dict[str, Any]:
    """What programs may see of an application; never its token."""
    return {
        "application_id": application.id,
        "name": application.name,
        "agents": list(application.agents),
        "created_at": iso(application.created_at),
    }


@app.command("add")
def add(
    name: NameArgument,
    agent: Annotated[list[str] | None, typer.Option(help="An agent it may use; may be given several times.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Register an application; without --agent for Pocket and SoPrincipal. Its token is shown this once."""

    async def work(gateway: Heliograph) -> dict[str, Any]:
        new = await gateway.credentials.add_application(name, agent or USUAL, list(AGENTS))
        return as_json(new.application) | {"application_token": new.text}

    made = in_gateway(config, data, work)
    if json:
        print_json(made)
        return
    told = f"{made['name']}  ({', '.join(made['agents'])})"
    show_once({"application": told, "application token": made["application_token"]}, "token")


@app.command("list")
def list_(config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """List applications."""
    applications = in_gateway(config, data, lambda gateway: gateway.credentials.applications())
    if json:
        print_json([as_json(application) for application in applications])
        return
    rows = [(str(each.id), plain(each.name), ", ".join(each.agents) or "none") for each in applications]
    console().print(table(("id", "name", "agents"), rows, right=("id",)))


@app.command("grant")
def grant(
    name: NameArgument,
    agent: Annotated[list[str], typer.Argument(help="Agents it may use from now on.")],
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Let an application use more agents."""
    _show(in_gateway(config, data, lambda gateway: gateway.credentials.grant(name, agent, list(AGENTS))), json)


@app.command("revoke")
def revoke(
    name: NameArgument,
    agent: Annotated[list[str] | None, typer.Argument(help="Agents to take away; none: the application ends.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Take agents from an application, or end it altogether."""
    left = in_gateway(config, data, lambda gateway: gateway.credentials.revoke(name, agent or (), list(AGENTS)))
    if left is not None:
        _show(left, json)
    elif json:
        print_json({"name": name, "revoked": True})
    else:
        say(f"{one_line(name)} is no application any more.")


def _show(application: Application, json: bool) -> None:
    if json:
        print_json(as_json(application))
    else:
        say(f"{one_line(application.name)} may use {', '.join(application.agents) or 'no agent'}.")
