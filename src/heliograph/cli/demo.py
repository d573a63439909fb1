"""`heliograph demo`: a gateway with people in it, its first messages sent, ready to be tried by hand or by program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from heliograph.cli.demo_calls import DemoCall, calls
from heliograph.cli.demo_people import (
    DemoAdministrator,
    DemoRecord,
    DemoUser,
    new_webhook_secret,
    push_key,
    read_record,
    settle,
    write_private,
)
from heliograph.cli.demo_show import curl_lines, heading, show_console, show_credentials, show_curl, show_travelled
from heliograph.cli.demo_tour import travel
from heliograph.cli.output import console, say
from heliograph.cli.serve import serve_until_told
from heliograph.config.load import load
from heliograph.config.settings import Settings
from heliograph.config.sources import PREFIX

if TYPE_CHECKING:
    from heliograph.app import Heliograph

#: What the demo sets beyond the defaults; whatever the environment sets stays.
_DEMO_SETTINGS: dict[str, Any] = {
    "messaging.default_plugin": "inbox",
    "channels.inbox.kind": "inbox",
    "channels.webhook.kind": "webhook",
    "channels.stub.kind": "stub",
    "channels.webpush.kind": "webpush",
    "channels.webpush.subject": "https://heliograph.invalid/demo",
    "console.administrators": "gateway",
    "outbound.allow": ["127.0.0.0/8", "::1/128"],
    "log.level": "error",  # warnings about the stub are for gateways that matter
}


class DemoReady(msgspec.Struct, frozen=True, kw_only=True):
    """The line that programs read."""

    url: str
    company_id: int
    integration_key: str
    ticket: str  # of the first user
    users: tuple[DemoUser, ...]
    administrator: DemoAdministrator
    webhook_secret: str
    plugins: list[str]
    data_dir: str
    scripts_dir: str


def demo(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line when ready, and nothing else.")] = False,
    port: Annotated[int | None, typer.Option(help="Port to bind; 0 takes any free one.")] = None,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder to keep the demo in.")] = Path("heliograph-demo"),
) -> None:
    """Start a gateway with demo people, send the first messages, and stay up until Ctrl-C or SIGTERM.

    The same folder again continues with its data, key and passwords. The demo's secrets stand in demo.json there:
    never put it where others can reach it.
    """
    kept = read_record(data)
    secret = kept.webhook_secret if kept is not None else new_webhook_secret()
    for folder in (data, data / "scripts"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = demo_settings(data, port, secret, push_key(data))

    async def ready(gateway: Heliograph, url: str) -> None:
        record = await settle(gateway, data, kept, secret)
        ticket = await _ticket(gateway, record.users[0])
        requests = calls(record, ticket)
        _leave(requests, data / "requests")
        if json:
            say(_json_line(gateway, url, record, ticket, data).decode())
        else:
            await _show(gateway, url, record, ticket, data)

    serve_until_told(settings, ready)


def demo_settings(data: Path, port: int | None, webhook_secret: str, push_key: str) -> Settings:
    """The defaults, the demo's own, the environment's; no settings file is read."""
    taken = {key for key in _DEMO_SETTINGS if PREFIX + key.upper().replace(".", "__") in os.environ}
    wanted = {key: value for key, value in _DEMO_SETTINGS.items() if key not in taken}
    wanted |= {"data_dir": str(data), "server.port": port, "channels.webhook.secrets": [webhook_secret]}
    wanted |= {"channels.webpush.private_key": push_key, "push.routes.WebPush": "webpush"}
    return load(Path(os.devnull), os.environ, wanted).settings


async def _ticket(gateway: Heliograph, user: DemoUser) -> str:
    return await gateway.sign_in.issue_ticket(await gateway.people.find(None, user.user_name))


def _leave(requests: list[DemoCall], folder: Path) -> None:
    """The requests as files to paste from. They hold a ticket and a key, so nobody else may read them."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for call in requests:
        write_private(folder / call.file, call.body)


def _json_line(gateway: Heliograph, url: str, record: DemoRecord, ticket: str, data: Path) -> bytes:
    return msgspec.json.encode(
        DemoReady(
            url=url,
            company_id=record.company_id,
            integration_key=record.integration_key,
            ticket=ticket,
            users=record.users,
            administrator=record.administrator,
            webhook_secret=record.webhook_secret,
            plugins=list(gateway.channels),
            data_dir=str(data.absolute()),
            scripts_dir=str((data / "scripts").absolute()),
        )
    )


async def _show(gateway: Heliograph, url: str, record: DemoRecord, ticket: str, data: Path) -> None:
    out = console()
    requests = calls(record, ticket)
    out.print(f"[bold]Heliograph[/] is up at {url}")
    heading(out, "First messages, over HTTP to itself (ms from the moment the request leaves)")
    for call in requests:
        show_travelled(out, await travel(gateway, url, call, await _ticket(gateway, call.recipient)))
    show_console(out, url, record, await gateway.operators.make_code())
    show_credentials(out, url, record, ticket, data)
    show_curl(out, curl_lines(url, requests, ticket, data))
    say()
    out.print("[dim]Ctrl-C stops it; the same command continues with the same data.[/]")
