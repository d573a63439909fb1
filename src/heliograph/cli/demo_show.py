"""What the demo shows a person: the messages on their way, then addresses, credentials and lines to paste."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from heliograph.cli.demo_calls import DemoCall
from heliograph.cli.demo_people import DemoRecord
from heliograph.cli.demo_tour import Travelled
from heliograph.cli.output import plain, say


def heading(out: Console, text: str) -> None:
    """A quiet line over a part."""
    out.print(f"\n[bold]{text}[/]")


def show_travelled(out: Console, done: Travelled) -> None:
    """One request: the call, then its stations in the order in which they were reached."""
    call, to = done.call, plain(done.call.recipient.user_name)
    colour = "green" if done.status == 200 else "red"
    stations = [
        (done.answered, f"[{colour}]HTTP {done.status}[/]"),
        (done.accepted, "on disk"),
        (done.settled, plain(done.state)),
        (done.seen, f"in {to}'s inbox"),
    ]
    reached = sorted((max(ms, 0.0), words) for ms, words in stations if ms is not None)
    way = " → ".join(f"{words} [dim]{ms:.0f} ms[/]" for ms, words in reached)
    number = f"message {done.message_id}" if done.message_id else ""
    out.print(f"\n  [bold]{call.name}[/]  [dim]{plain(call.path)}  {number}[/]")
    out.print(f"    [cyan]{plain(call.title)}[/]: {way}")
    if done.trouble:
        out.print(f"    [red]{plain(done.trouble, 500)}[/]")


def show_console(out: Console, url: str, record: DemoRecord, code: str) -> None:
    """The way into the operators' pages."""
    heading(out, "Look into it (the operators' console)")
    say(f"  {url}/console/sign-in#{code}   (works once, for ten minutes)")
    who = record.administrator
    say(f"  later: {url}/console   as {who.user_name}, password {who.password}")


def show_credentials(out: Console, url: str, record: DemoRecord, ticket: str, folder: Path) -> None:
    """Addresses and secrets to try the doors with. Printed unwrapped, so that they can be copied."""
    heading(out, "Where it is")
    say(f"  page        {url}/   (API explorer: {url}/apiexplorer)")
    say(f"  SOAP        {url}/Remote/Services86/Pocket.svc, Messaging.svc, SoPrincipal.svc (75, 80 to 88; WSDL: ?wsdl)")
    say(f"  JSON agents {url}/api/v1/Agents/Messaging/SendMessages and so on")
    say(f"  REST push   {url}/api/v2/push?format=json")
    say(f"  inbox       {url}/inbox for people, {url}/api/v2/inbox for programs")
    say(f"  data        {folder.absolute()}")
    say(
        f"  commands    {_program()} console link --data {shlex.quote(str(folder.absolute()))}   (and all others: --data)"
    )
    heading(out, "Who may use it (these secrets are for this demo alone)")
    say(f"  CompanyId {record.company_id}  IntegrationKey {record.integration_key}")
    for user in record.users:
        say(
            f"  {user.user_name:<8} password {user.password}  associate {user.associate_id}  {user.email}  {user.external_id}"
        )
    say(f"  {record.administrator.user_name:<8} password {record.administrator.password}  administrator")
    say(f"  webhooks are signed with {record.webhook_secret}")
    say(f"  ticket of {record.users[0].user_name}: {ticket}")


def _program() -> str:
    """What to type for this very program, from any folder."""
    place = Path(sys.argv[0])
    if place.name != "heliograph":  # python -m heliograph
        return f"{shlex.quote(sys.executable)} -m heliograph"
    return place.name if shutil.which(place.name) else shlex.quote(str(place.absolute()))


def curl_lines(url: str, calls: Sequence[DemoCall], ticket: str, folder: Path) -> list[tuple[str, str]]:
    """What each line does, and the line; every one works when pasted into a shell."""
    first = calls[0].recipient.user_name
    auth = shlex.quote(f"Authorization: SOTicket {ticket}")
    lines = []
    for call in calls:
        file = shlex.quote(f"@{(folder / 'requests' / call.file).absolute()}")
        header = shlex.quote(f"Content-Type: {call.content_type}")
        told = f"{call.name}, to {call.recipient.user_name}"
        lines.append((told, f"curl -sS {shlex.quote(url + call.path)} -H {header} --data-binary {file}"))
    lines.append((f"{first}'s inbox", f"curl -sS {shlex.quote(url + '/api/v2/inbox?limit=5')} -H {auth}"))
    lines.append((f"{first}'s inbox, live (Ctrl-C ends it)", f"curl -sSN {url}/api/v2/inbox/stream -H {auth}"))
    lines.append(("how the gateway is", f"curl -sS {url}/healthz"))
    return lines


def show_curl(out: Console, lines: Sequence[tuple[str, str]]) -> None:
    """The lines, each under what it does."""
    heading(out, "To try by hand (paste into another terminal)")
    for told, line in lines:
        out.print(f"  [dim]# {plain(told)}[/]")
        say(f"  {line}")
