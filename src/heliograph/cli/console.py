"""`heliograph console`: a way into the operators' pages, and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.common import NOTHING, ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.output import console, iso, plain, print_json, say, table, when
from heliograph.config.settings import Settings
from heliograph.core.errors import BadSetting
from heliograph.core.operators import Session
from heliograph.intake.operators import CODE_LIFE
from heliograph.system.lock import FileLock

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="The operators' console.")


def address(settings: Settings, serving: str = "") -> str:
    """Where a browser finds the console of a gateway with these settings; `serving` is where a running one listens."""
    server = settings.server
    if known := server.public_url or serving:
        return f"{known.rstrip('/')}/console"
    host = "127.0.0.1" if server.host in ("0.0.0.0", "::", "") else server.host  # noqa: S104 - nothing is bound here
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if server.tls_cert else 'http'}://{shown}:{server.port}/console"


def _serving(settings: Settings) -> str:
    """Where the gateway that serves this data listens, whatever flags it was started with; empty when none does."""
    from heliograph.app import SERVING  # brings in everything

    return FileLock(settings.data_dir / SERVING).told()


@app.command("link")
def link(config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Print a link that signs in to the console once, within ten minutes, as an operator of the whole gateway."""

    async def work(gateway: Heliograph) -> tuple[str, str]:
        if not gateway.settings.console.enabled:
            raise BadSetting("There is no console: console.enabled is false.")
        return address(gateway.settings, _serving(gateway.settings)), await gateway.operators.make_code()

    url, code = in_gateway(config, data, work)
    if json:
        print_json({"url": f"{url}/sign-in#{code}", "code": code, "seconds": CODE_LIFE})
        return
    say(f"{url}/sign-in#{code}")
    say(f"It works once, for {CODE_LIFE / 60:g} minutes. Or open {url} and type the code {code}")


@app.command("list")
def list_(config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """List who is signed in to the console."""
    sessions = in_gateway(config, data, lambda gateway: gateway.operators.sessions())
    if json:
        print_json([as_json(session) for session in sessions])
        return
    rows = [
        (
            str(session.id),
            plain(session.name),
            str(session.associate_id or "one-time link"),
            when(session.opened_at),
            when(session.seen_at),
            when(session.ends_at),
        )
        for session in sessions
    ]
    console().print(table(("id", "name", "associate", "signed in", "last seen", "ends"), rows, right=("id",)))


def as_json(session: Session) -> dict[str, Any]:
    """What programs may see of a sign-in."""
    return {
        "session_id": session.id,
        "name": session.name,
        "associate_id": session.associate_id,
        "company_id": session.company_id,
        "opened_at": iso(session.opened_at),
        "seen_at": iso(session.seen_at),
        "ends_at": iso(session.ends_at),
    }


@app.command("sign-out")
def sign_out(
    session_id: Annotated[int | None, typer.Argument(help="The id, as `console list` shows it.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everybody.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """End a sign-in to the console, or all of them, at once."""
    if (session_id is None) != all_:
        raise typer.BadParameter("name a sign-in, or say --all.")

    ended = in_gateway(config, data, lambda gateway: gateway.operators.end(session_id))
    if json:
        print_json({"ended": ended})
    else:
        say(f"{ended} {'sign-in has' if ended == 1 else 'sign-ins have'} ended.")
    if not ended:
        raise typer.Exit(NOTHING)
