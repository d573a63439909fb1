"""`heliograph message`: what was accepted, what became of it, and the two things an operator can do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.common import NOTHING, ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.dry_run_views import hints
from heliograph.cli.message_views import line_of, message_json, print_message
from heliograph.cli.output import console, plain, print_json, say, state_text, table
from heliograph.core.errors import NotFound
from heliograph.core.lifecycle import State
from heliograph.intake.actions import Acted, Actions
from heliograph.intake.query import MessageView

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="Messages and their deliveries.")

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The message id (MessagingId).", min=1)]
IdsArgument = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Message ids.", min=1)]
Act = Callable[[Actions, int], Awaitable[list[Acted]]]


@app.command("show")
def show(id: IdArgument, config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Show a message with its deliveries and every attempt; of an SMS, also what it could cost less."""

    async def work(gateway: Heliograph) -> tuple[MessageView, dict[int, str]]:
        view = await gateway.query.message(id)
        return view, hints(gateway.channels, view)

    view, hinted = in_gateway(config, data, work)
    if json:
        print_json(message_json(view) | {"hints": hinted})
        return
    print_message(console(), view)
    for delivery_id, words in hinted.items():
        console().print(f"hint for delivery {delivery_id}: {plain(words, 500)}")


@app.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only those with a delivery in this state.")] = None,
    company: Annotated[int | None, typer.Option(metavar="ID", help="Only this company's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    before: Annotated[int | None, typer.Option(metavar="ID", help="Only ids below this one.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List messages, the highest id first. Ids are given out by the thousand, so that what another process sent may stand
    above what is newer.
    """
    views = in_gateway(
        config,
        data,
        lambda gateway: gateway.query.messages(company_id=company, state=state, before_id=before, limit=limit),
    )
    if json:
        print_json([message_json(view) for view in views])
        return
    columns = ("id", "accepted", "company", "kind", "text", "deliveries")
    console().print(table(columns, [line_of(view) for view in views], right=("id", "company")))
    if len(views) == limit:
        say(f"There may be more: --before {views[-1].message.id}")


@app.command("retry")
def retry(
    ids: IdsArgument = None,
    all_: Annotated[bool, typer.Option("--all", help="Every dead letter there is.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Send dead letters (failed or expired deliveries) again, as long as the message's time to live is not over."""
    _act(ids or [], Actions.retry, (State.FAILED, State.EXPIRED) if all_ else (), config, data, json)


@app.command("cancel")
def cancel(
    ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Message ids.", min=1)],
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Withdraw deliveries that still wait for their turn."""
    _act(ids, Actions.cancel, (), config, data, json)


def _act(
    ids: list[int], act: Act, every: tuple[State, ...], config: Path | None, data: Path | None, json: bool
) -> None:
    if bool(ids) == bool(every):
        raise typer.BadParameter("name message ids, or say --all.")

    async def work(gateway: Heliograph) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = []
        for id in ids or await _all_in(gateway.query, every):
            try:
                answers += [_answer(id, done) for done in await act(gateway.actions, id)]
            except NotFound as error:
                answers.append({"message_id": id, "moved": False, "why_not": error.detail})
        return answers

    answers = in_gateway(config, data, work)
    if json:
        print_json(answers)
    else:
        for answer in answers:
            _say(answer)
        say(f"{sum(answer['moved'] for answer in answers)} of {len(answers)} deliveries moved.")
    if not any(answer["moved"] for answer in answers):
        raise typer.Exit(NOTHING)


async def _all_in(query: Any, states: tuple[State, ...]) -> list[int]:
    """The ids of all messages with a delivery in one of the states, oldest first; read page by page."""
    found: set[int] = set()
    for state in states:
        before: int | None = None
        while page := await query.messages(state=state, before_id=before, limit=1000):
            found.update(view.message.id for view in page)
            before = page[-1].message.id
    return sorted(found)


def _answer(message_id: int, done: Acted) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "delivery_id": done.delivery_id,
        "was": done.was.value,
        "state": done.now.value,
        "moved": done.moved,
        "why_not": done.why_not,
    }


def _say(answer: dict[str, Any]) -> None:
    if "delivery_id" not in answer:
        console().print(f"message {answer['message_id']}: {answer['why_not']}")
        return
    head = f"message {answer['message_id']}, delivery {answer['delivery_id']}: "
    if answer["moved"]:
        console().print(f"{head}{state_text(State(answer['was']))} → {state_text(State(answer['state']))}")
    else:
        console().print(f"{head}{state_text(State(answer['state']))}, not moved: {answer['why_not']}")
