"""`heliograph send`: one message from the command line, followed to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live

from heliograph.cli.common import NOTHING, CompanyOption, ConfigOption, DataOption, JsonOption, opened, run
from heliograph.cli.dry_run_views import show_dry_run
from heliograph.cli.message_views import message_json
from heliograph.cli.output import console, plain, print_json, say, state_text, table
from heliograph.core.delivery import Delivery
from heliograph.core.errors import InvalidArgument
from heliograph.core.lifecycle import SETTLED, State
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Call
from heliograph.intake.carriers import OutgoingMessage, PocketNotificationMessage
from heliograph.intake.dry_run import DryRun
from heliograph.intake.query import MessageView

if TYPE_CHECKING:
    from heliograph.app import Heliograph

_LOOK_EVERY = 0.1  # seconds between looks at the store
_WELL = frozenset({State.SENT, State.DELIVERED, State.REPLIED})


def send(
    user: Annotated[str | None, typer.Option(metavar="WHO", help="Push to this user.")] = None,
    title: Annotated[str, typer.Option(help="The push's title.")] = "",
    body: Annotated[str, typer.Option(help="The push's text.")] = "",
    url: Annotated[str, typer.Option(help="The push's link.")] = "",
    plugin: Annotated[str | None, typer.Option(metavar="NAME", help="Send through this channel.")] = None,
    to: Annotated[str, typer.Option(help="The address on that channel.")] = "",
    text: Annotated[str, typer.Option(help="The text to send there.")] = "",
    sender: Annotated[str, typer.Option("--from", help="Who the text is from.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be sent, and send and store nothing.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to follow it; 0 returns once it is stored.")] = 30.0,
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Send one message and follow it to its end: a push with --user, a text with --plugin and --to.

    The message goes into the store of --data, as if it had come over the network; the gateway that serves that
    folder delivers it. Without one it waits there, on disk, until a gateway is started.
    """
    if (user is None) == (plugin is None):
        raise typer.BadParameter("say either --user (a push) or --plugin and --to (a text).")

    async def work() -> tuple[MessageView, bool] | DryRun:
        async with opened(config, data, messaging__wait=0) as gateway:
            caller = Caller(company_id=(await gateway.people.company(company)).id, door=Door.CLI, administrator=True)
            await gateway.scripts.start(serving=False)
            if user is not None:
                push = PocketNotificationMessage(title=title, message=body, url=url)
                method, arguments = await _push(gateway, caller, user, push)
            else:
                method, arguments = _text(plugin or "", OutgoingMessage(from_=sender, to=to, content=text))
            if dry_run:
                return await gateway.dry_runs.run(method, arguments, caller)
            call = await gateway.services.call(method, arguments, caller)
            return await _follow(gateway, _message_id(call), wait, quiet=json)

    done = run(work())
    if isinstance(done, DryRun):
        raise typer.Exit(show_dry_run(done, json=json))
    view, settled = done
    if json:
        print_json(message_json(view) | {"settled": settled})
    else:
        _conclude(view, settled, wait)
    if settled and not all(delivery.state in _WELL for delivery in view.deliveries):
        raise typer.Exit(NOTHING)


async def _push(
    gateway: Heliograph, caller: Caller, who: str, push: PocketNotificationMessage
) -> tuple[str, dict[str, Any]]:
    if not (push.title or push.message):
        raise InvalidArgument("Give the push a --title or a --body.")
    user = await gateway.people.find(caller.company_id, who)
    return "SendPushNotification", {"associate_ids": [user.associate_id], "message": push}


def _text(plugin: str, message: OutgoingMessage) -> tuple[str, dict[str, Any]]:
    return "SendMessages", {"plugin": plugin, "outgoing_messages": [message]}


def _message_id(call: Call) -> int:
    return int(call.notes["MessageId"] if call.result is None else call.result[0].messaging_id)


async def _follow(gateway: Heliograph, message_id: int, wait: float, *, quiet: bool) -> tuple[MessageView, bool]:
    """Look until every delivery has settled or the wait is over; whether they all have."""
    loop = asyncio.get_running_loop()
    end = loop.time() + wait
    view = await gateway.query.message(message_id)
    with Live(_picture(view), console=console(), auto_refresh=False, transient=True) as live:
        while not _settled(view) and loop.time() < end:
            await asyncio.sleep(_LOOK_EVERY)
            before, view = view, await gateway.query.message(message_id)
            if view != before and not quiet and live.console.is_terminal:
                live.update(_picture(view), refresh=True)
    return view, _settled(view)


def _settled(view: MessageView) -> bool:
    return all(delivery.state in SETTLED for delivery in view.deliveries)


def _picture(view: MessageView) -> Any:
    rows = [_cells(delivery) for delivery in view.deliveries]
    return table(("delivery", "channel", "address", "state", "tries", "detail"), rows, right=("delivery", "tries"))


def _cells(delivery: Delivery) -> tuple[str, ...]:
    return (
        str(delivery.id),
        plain(delivery.channel),
        plain(delivery.address, 50),
        state_text(delivery.state),
        str(delivery.attempts),
        plain(delivery.detail),
    )


def _conclude(view: MessageView, settled: bool, wait: float) -> None:
    out = console()
    out.print(f"message {view.message.id} is stored")
    out.print(_picture(view))
    if not settled and wait:
        waiting = all(delivery.state is State.QUEUED and not delivery.attempts for delivery in view.deliveries)
        say(
            "Nobody has tried it yet: it waits on disk until a gateway serves this folder."
            if waiting
            else f"Not at its end after {wait:g} seconds: heliograph message show {view.message.id}"
        )
