"""`heliograph quotas`: how much each company has sent of what it may send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.common import ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.output import console, iso, plain, print_json, say, table, when

if TYPE_CHECKING:
    from heliograph.app import Heliograph


def quotas(
    company: Annotated[int | None, typer.Option(metavar="ID", help="Only this company's.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show every limit of every company in its present window: what is used, what is left, when it begins anew.

    Limits are settings (`quotas.*`). What single addresses have been sent is not listed.
    """

    async def work(gateway: Heliograph) -> list[dict[str, Any]]:
        wanted = [await gateway.people.company(company)] if company else await gateway.people.companies()
        return [
            {
                "company_id": each.id,
                "limit": meter.kind.value,
                "scope": meter.scope,
                "most": _read(meter.most, meter.scale),
                "used": _read(used, meter.scale),
                "left": _read(max(meter.most - used, 0), meter.scale),
                "words": meter.words,
                "starts_at": iso(meter.starts_at),
                "ends_at": iso(meter.ends_at),
                "until": meter.ends_at,
            }
            for each in wanted
            for meter, used in await gateway.quotas.report(each.id)
        ]

    found = in_gateway(config, data, work)
    if json:
        print_json([{key: value for key, value in row.items() if key != "until"} for row in found])
        return
    if not found:
        say("No limits are set (quotas.company, companies, channels, prefixes, spending).")
        return
    rows = [
        (str(r["company_id"]), plain(r["words"]), str(r["most"]), str(r["used"]), _left(r["left"]), when(r["until"]))
        for r in found
    ]
    columns = ("company", "what", "limit", "used", "left", "until")
    console().print(table(columns, rows, right=("company", "limit", "used", "left")))


def _read(count: int, scale: int) -> float:
    """Messages are whole; money is not."""
    return count if scale == 1 else count / scale


def _left(left: float) -> str:
    return str(left) if left else "[red]none[/]"
