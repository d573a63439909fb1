"""`heliograph webhooks`: endpoints that are told of events, their secrets, and what they were sent."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.common import NOTHING, CompanyOption, ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.output import console, iso, one_line, plain, print_json, say, show_once, state_text, table, when
from heliograph.core.errors import InvalidArgument
from heliograph.core.lifecycle import State
from heliograph.core.webhooks import Endpoint, EndpointState, EventType, TryOut
from heliograph.intake.webhooks import Change, NewSecret, Sent

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="Event notifications: endpoints that are told what becomes of messages.")

AskOption = Annotated[bool, typer.Option("--ask-secret", help="Ask for a secret of your own instead of making one.")]
IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The endpoint's id, as `list` shows it.")]
TypesOption = Annotated[
    list[EventType] | None, typer.Option("--event", help="What it is told; may be given several times. All, without.")
]


def as_json(endpoint: Endpoint) -> dict[str, Any]:
    """What programs may see of an endpoint; never its secrets."""
    trouble = endpoint.trouble
    return {
        "id": endpoint.id,
        "company_id": endpoint.company_id,
        "url": endpoint.url,
        "events": list(endpoint.types),
        "description": endpoint.description,
        "content": endpoint.content,
        "state": endpoint.state.value,
        "reason": endpoint.reason,
        "secrets": [{"expires_at": iso(secret.expires_at)} for secret in endpoint.secrets],
        "created_at": iso(endpoint.created_at),
        "failing_since": iso(trouble.since),
        "last_failure": trouble.words,
        "last_answer": trouble.answer,
    }


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where events are posted to.")],
    event: TypesOption = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    content: Annotated[
        bool, typer.Option("--content", help="Send addresses and contents along, not ids alone.")
    ] = False,
    ask_secret: AskOption = False,
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Add an endpoint. A secret is made and shown this once, unless you give one."""
    secret = _asked() if ask_secret else ""

    async def work(gateway: Heliograph) -> NewSecret:
        chosen = await gateway.people.company(company)
        said = Change(url=url, types=event or None, description=description or None, content=content)
        return await gateway.notices.service.add(chosen.id, said, secret=secret)

    _say_secret(in_gateway(config, data, work), json)


@app.command("list")
def list_(
    company: CompanyOption = None, config: ConfigOption = None, data: DataOption = None, json: JsonOption = False
) -> None:
    """List endpoints, and how they fare."""
    endpoints = in_gateway(config, data, lambda gateway: gateway.notices.service.all(company))
    if json:
        print_json([as_json(each) for each in endpoints])
        return
    rows = [
        (str(each.id), str(each.company_id), plain(each.url, 80), plain(", ".join(each.types) or "all"), _fares(each))
        for each in endpoints
    ]
    console().print(table(("id", "company", "url", "told of", "state"), rows, right=("id", "company")))


@app.command("show")
def show(id: IdArgument, config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Show one endpoint, with what it answered when it last failed."""
    endpoint = in_gateway(config, data, lambda gateway: gateway.notices.service.find(None, id))
    if json:
        print_json(as_json(endpoint))
        return
    secrets = [f"until {when(secret.expires_at)}" if secret.expires_at else "in use" for secret in endpoint.secrets]
    lines = {
        "url": endpoint.url,
        "company": str(endpoint.company_id),
        "description": endpoint.description,
        "told of": ", ".join(endpoint.types) or "all",
        "contents": "sent along" if endpoint.content else "not sent",
        "secrets": "; ".join(secrets),
        "state": f"{endpoint.state.value}{': ' if endpoint.reason else ''}{endpoint.reason}",
        "failing since": when(endpoint.trouble.since),
        "last failure": endpoint.trouble.words,
        "it answered": endpoint.trouble.answer,
    }
    console().print(table(("", ""), [(name, plain(value, 4096)) for name, value in lines.items() if value]))


@app.command("test")
def check(id: IdArgument, config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Post a signed event of type gateway.check now, and tell what came back. Ends with 1 when it was not taken."""

    async def work(gateway: Heliograph) -> TryOut:
        return await gateway.notices.service.test(await gateway.notices.service.find(None, id))

    tried = in_gateway(config, data, work)
    if json:
        print_json({"id": id, "taken": tried.ok, "status": tried.status, "words": tried.words, "answer": tried.answer})
    else:
        say(f"{'taken' if tried.ok else 'not taken'}: {tried.words}")
        if tried.answer:
            say(one_line(tried.answer, 4096))
    if not tried.ok:
        raise typer.Exit(NOTHING)


@app.command("rotate")
def rotate(
    id: IdArgument,
    ask_secret: AskOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Give an endpoint a new secret, shown this once. The old one signs beside it for webhooks.rotation_hours."""
    secret = _asked() if ask_secret else ""

    async def work(gateway: Heliograph) -> NewSecret:
        service = gateway.notices.service
        return await service.rotate(await service.find(None, id), secret=secret)

    _say_secret(in_gateway(config, data, work), json)


@app.command("enable")
def enable(id: IdArgument, config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Tell an endpoint of events again, from now on; what failed meanwhile is for `replay`."""
    _say_state(_turned(id, EndpointState.ENABLED, config, data), json)


@app.command("disable")
def disable(id: IdArgument, config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Tell an endpoint nothing any more; what still waits for it fails."""
    _say_state(_turned(id, EndpointState.DISABLED, config, data), json)


@app.command("remove")
def remove(id: IdArgument, config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Forget an endpoint."""

    async def work(gateway: Heliograph) -> None:
        await gateway.notices.service.remove(await gateway.notices.service.find(None, id))

    in_gateway(config, data, work)
    if json:
        print_json({"id": id, "removed": True})
    else:
        say(f"Endpoint {id} is forgotten.")


@app.command("deliveries")
def deliveries(
    id: IdArgument,
    state: Annotated[State | None, typer.Option(help="Those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List what an endpoint was or is to be told, newest first, with its attempts."""

    async def work(gateway: Heliograph) -> list[Sent]:
        service = gateway.notices.service
        return await service.sent(await service.find(None, id), state=state, limit=limit)

    sent = in_gateway(config, data, work)
    if json:
        print_json([_sent_json(each) for each in sent])
        return
    rows = [
        (
            str(each.delivery.id),
            plain(each.type),
            state_text(each.delivery.state),
            str(each.delivery.attempts),
            when(each.delivery.due_at if each.delivery.state is State.QUEUED else each.delivery.updated_at),
            plain(each.delivery.detail),
        )
        for each in sent
    ]
    console().print(table(("delivery", "event", "state", "tries", "since or due", "detail"), rows, right=("delivery",)))


@app.command("replay")
def replay(
    id: IdArgument,
    delivery: Annotated[int | None, typer.Option(metavar="ID", help="This delivery alone.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Those that ended since then.", metavar="DATE")] = None,
    taken: Annotated[bool, typer.Option("--taken", help="Also what it took, for an endpoint that lost it.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Send again what failed or expired, under the same webhook-id. Ends with 1 when there was nothing."""

    async def work(gateway: Heliograph) -> int:
        service = gateway.notices.service
        endpoint = await service.find(None, id)
        if taken and delivery is None and since is None:
            raise InvalidArgument("With --taken say --since or --delivery.")
        if endpoint.state is EndpointState.DISABLED:
            raise InvalidArgument(f"Endpoint {id} is disabled: enable it first.")
        start = 0 if since is None else int(since.timestamp() * 1000)
        return await service.replay(endpoint, delivery_id=delivery, since=start, taken=taken)

    count = in_gateway(config, data, work)
    if json:
        print_json({"id": id, "replayed": count})
    else:
        say(f"{count} sent again.")
    if not count:
        raise typer.Exit(NOTHING)


def _turned(id: int, state: EndpointState, config: Path | None, data: Path | None) -> Endpoint:
    async def work(gateway: Heliograph) -> Endpoint:
        service = gateway.notices.service
        return await service.change(await service.find(None, id), Change(state=state))

    return in_gateway(config, data, work)


def _asked() -> str:
    return str(typer.prompt("Secret", hide_input=True, err=True)).strip()


def _say_secret(new: NewSecret, json: bool) -> None:
    if json:
        print_json(as_json(new.endpoint) | {"secret": new.text})
        return
    show_once({"endpoint": f"{new.endpoint.id}  ({new.endpoint.url})", "secret": new.text})
    say("Give the secret to the receiver now: it is kept sealed and cannot be shown again.")


def _say_state(endpoint: Endpoint, json: bool) -> None:
    if json:
        print_json(as_json(endpoint))
    else:
        say(f"Endpoint {endpoint.id} is {endpoint.state.value}.")


def _fares(endpoint: Endpoint) -> str:
    if endpoint.state is EndpointState.DISABLED:
        return f"[red]disabled[/]: {plain(endpoint.reason)}"
    if endpoint.trouble.since:
        return f"[yellow]failing[/] since {when(endpoint.trouble.since)}: {plain(endpoint.trouble.words)}"
    return "[green]enabled[/]"


def _sent_json(sent: Sent) -> dict[str, Any]:
    delivery = sent.delivery
    return {
        "id": delivery.id,
        "event": sent.type,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "detail": delivery.detail,
        "due_at": iso(delivery.due_at),
        "updated_at": iso(delivery.updated_at),
        "tries": [
            {
                "number": each.number,
                "started_at": iso(each.started_at),
                "took_ms": each.took_ms,
                "outcome": each.outcome,
                "detail": each.detail,
            }
            for each in sent.attempts
        ],
    }
