"""`heliograph device`: what is registered, what has not been seen for long, and keys for browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.common import CompanyOption, ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.output import console, iso, plain, print_json, say, table
from heliograph.core.errors import InvalidArgument
from heliograph.core.moments import DAY_MS
from heliograph.core.people import Device

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="Devices: phones and browsers that take pushes.")

_COLUMNS = {
    "id": "id",
    "associate_id": "user",
    "platform": "platform",
    "app": "app",
    "name": "name",
    "last_seen": "seen",
}


def as_json(device: Device) -> dict[str, Any]:
    """What programs may see of a device; its token is not among it."""
    return {
        "id": device.id,
        "associate_id": device.associate_id,
        "identifier": device.identifier,
        "platform": device.platform,
        "app": device.app,
        "name": device.name,
        "tags": device.tags,
        "registered_at": iso(device.registered_at),
        "last_seen": iso(device.last_seen),
    }


@app.command("list")
def list_(
    who: Annotated[str, typer.Option("--user", metavar="WHO", help="Devices of this user.")] = "",
    stale: Annotated[
        float | None, typer.Option(min=0, metavar="DAYS", help="Devices not seen for so many days, oldest first.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List a user's devices, or those that have not registered for long."""
    if bool(who) == (stale is not None):
        raise InvalidArgument("Say either --user or --stale.")

    async def work(gateway: Heliograph) -> list[dict[str, Any]]:
        if stale is None:
            user = await gateway.people.find(company, who)
            found = await gateway.directory.devices([user.associate_id])
        else:
            since = gateway.clock.now() - int(stale * DAY_MS)
            found = await gateway.directory.devices_unseen(company, since=since, limit=limit)
        return [as_json(device) for device in found[:limit]]

    devices = in_gateway(config, data, work)
    if json:
        print_json(devices)
        return
    rows = [[plain(str(device[name])) for name in _COLUMNS] for device in devices]
    console().print(table(list(_COLUMNS.values()), rows, right=("id", "user")))


@app.command("remove")
def remove(
    ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Devices, by the ids that `list` shows.")],
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Forget devices; they come back when they register again."""

    async def work(gateway: Heliograph) -> None:
        for id in ids:
            await gateway.directory.remove_device(id)

    in_gateway(config, data, work)
    if json:
        print_json({"forgotten": ids})
    else:
        say(f"Forgotten: {', '.join(map(str, ids))}.")


@app.command("key")
def key(json: JsonOption = False) -> None:
    """Make a key pair for Web Push: the private key for the settings, the public one for your pages."""
    from heliograph.channels.webpush.vapid import new_key_pair

    private, public = new_key_pair()
    if json:
        print_json({"private_key": private, "public_key": public})
        return
    say(f"private key  {private}")
    say(f"public key   {public}")
    say("The private key belongs into the channel's settings (private_key) and nowhere else.")
