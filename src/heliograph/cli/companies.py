"""`heliograph company`: tenants and their integration keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.common import CompanyOption, ConfigOption, DataOption, JsonOption, in_gateway, opened, run
from heliograph.cli.output import console, iso, plain, print_json, show_once, table, when
from heliograph.intake.people import NewCompany

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="Companies and their integration keys.")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The company's name.")],
    id: Annotated[int, typer.Option("--id", min=0, help="Its CompanyId; 0 takes the next free one.")] = 0,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Add a company. Its integration key is shown this once and cannot be shown again."""

    async def work() -> NewCompany:
        async with opened(config, data, create=True) as gateway:
            return await gateway.people.add_company(name, company_id=id)

    _show_key(run(work()), json)


@app.command("rotate-key")
def rotate_key(
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Replace a company's integration key. The old one ends within seconds; the new one is shown this once."""

    async def work(gateway: Heliograph) -> NewCompany:
        chosen = await gateway.people.company(company)
        return await gateway.people.rotate_key(chosen.id)

    _show_key(in_gateway(config, data, work), json)


@app.command("list")
def list_(config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """List companies."""

    async def work(gateway: Heliograph) -> list[dict[str, object]]:
        return [
            {
                "company_id": company.id,
                "name": company.name,
                "active": company.active,
                "created_at": iso(company.created_at),
                "created": when(company.created_at),
            }
            for company in await gateway.people.companies()
        ]

    found = in_gateway(config, data, work)
    if json:
        print_json([{key: value for key, value in row.items() if key != "created"} for row in found])
        return
    rows = [
        (str(row["company_id"]), plain(str(row["name"])), "yes" if row["active"] else "no", str(row["created"]))
        for row in found
    ]
    console().print(table(("id", "name", "active", "created"), rows, right=("id",)))


def _show_key(new: NewCompany, json: bool) -> None:
    if json:
        print_json({"company_id": new.company.id, "name": new.company.name, "integration_key": new.integration_key})
        return
    told = f"{new.company.id}  ({new.company.name})"
    show_once({"CompanyId": told, "IntegrationKey": new.integration_key}, "key")
