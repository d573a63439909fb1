"""`heliograph scripts`: for authors and operators of scripts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from heliograph.cli.common import NOTHING, WRONG, ConfigOption, DataOption, JsonOption, loaded_from, run
from heliograph.cli.output import print_json, say
from heliograph.cli.script_views import show_listing, show_outcome, show_trace
from heliograph.config.settings import Settings
from heliograph.core.errors import BadSetting, InvalidArgument, NotFound

if TYPE_CHECKING:
    from heliograph.hooks.control import Listing
    from heliograph.hooks.rehearsal import Outcome, Rehearsal
    from heliograph.hooks.tracing import Trace
    from heliograph.hooks.wire import Report

app = typer.Typer(no_args_is_help=True, help="Scripts around service calls: write, check, try out, watch.")

MethodOption = Annotated[str, typer.Option("--method", metavar="NAME", help="The service method.")]


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="The file's name; scripts run in the order of their names.")],
    method: MethodOption = "SendPushNotification",
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Put a new script into the scripts folder, with all handlers of one method; it changes nothing until edited."""
    from heliograph.app import scripts_folder
    from heliograph.cli.script_samples import new_script

    folder = scripts_folder(_settings(config, data))
    path = folder / (name if name.endswith(".py") else f"{name}.py")
    if path.parent != folder or path.name.startswith((".", "_")):
        raise InvalidArgument(f"{name} is no name for a script: letters, digits and underscores, as quiet_hours.")
    text = new_script(_signature(method))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BadSetting(f"{path} is there already.") from None
    print_json({"path": str(path)}) if json else say(f"{path} is written; a running gateway takes it within 2 seconds.")


@app.command("check")
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Scripts; without any, the scripts folder's.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Say what is wrong with scripts, with file and line; no gateway needs to run."""
    from heliograph.app import scripts_folder

    settings = _settings(config, data)
    paths = files or sorted(
        path for path in scripts_folder(settings).glob("*.py") if not path.name.startswith((".", "_"))
    )

    async def work() -> list[Report]:
        async with _rehearsal(settings) as rehearsal:
            reports: list[Report] = await rehearsal.load(paths)
            return reports

    reports = run(work()) if paths else []
    if json:
        print_json(reports and [{"script": r.script, "events": r.events, "error": r.error} for r in reports])
    else:
        for report in reports:
            words = report.error or "fine: " + ", ".join(f"{event} {method}" for event, method in report.events)
            say(words if report.error else f"{report.script} is {words}")
        if not reports:
            say("There are no scripts.")
    if any(report.error for report in reports):
        raise typer.Exit(WRONG)


@app.command("run")
def rehearse(
    file: Annotated[Path, typer.Argument(help="The script.")],
    method: MethodOption = "",
    call: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A call as JSON, such as `trace --record` writes.")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Feed one call to a script and show what it did to it. Nothing is sent; users it asks for are made up."""
    settings = _settings(config, data)
    recorded = _recorded(call)

    async def work() -> Outcome:
        from heliograph.cli.script_samples import sample_arguments, sample_result
        from heliograph.hooks.wire import Who

        async with _rehearsal(settings) as rehearsal:
            [report] = await rehearsal.load([file])
            if report.error:
                raise BadSetting(report.error)
            name = method or recorded.get("method") or _likely(report)
            signature = _signature(name)
            arguments, result = sample_arguments(signature), sample_result(signature)
            if recorded.get("arguments") is not None:
                arguments = msgspec.json.encode(recorded["arguments"])
            if recorded.get("result") is not None:
                result = msgspec.json.encode(recorded["result"])
            who = Who(
                recorded.get("company_id", 1), recorded.get("door", "cli"), recorded.get("associate_id", 101), False
            )
            try:
                return await rehearsal.run(name, who, arguments, result)
            except msgspec.ValidationError as error:
                raise InvalidArgument(f"{call or 'The call'} is none that {name} takes: {error}.") from None

    outcome = run(work())
    print_json(outcome) if json else show_outcome(outcome, file.name)
    if any(event.failures for event in outcome.events):
        raise typer.Exit(NOTHING)


@app.command("list")
def list_(config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """List the scripts of a running gateway, and how they stand."""
    show_listing(run(_ask(_settings(config, data), "list")), json)


@app.command("reload")
def reload(config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Have a running gateway read its scripts now; disabled ones are enabled again."""
    listing = run(_ask(_settings(config, data), "reload"))
    show_listing(listing, json)
    if any(script.problem for script in listing.scripts):
        raise typer.Exit(NOTHING)


@app.command("trace")
def trace(
    count: Annotated[int, typer.Option(min=0, help="Stop after that many events; 0 goes on until Ctrl-C.")] = 0,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the next call there, contents and all, and stop.")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Follow what scripts do to live calls: which members they change, not what those say."""
    from heliograph.app import CONTROL
    from heliograph.hooks.control import follow

    path = _settings(config, data).data_dir / CONTROL

    async def ready() -> None:
        if not json:
            say("Watching; Ctrl-C stops.")

    async def work() -> None:
        seen = 0
        async with contextlib.aclosing(follow(path, ready, contents=record is not None)) as traces:
            async for each in traces:
                if record is not None:
                    if each.call is None:
                        continue
                    _save(record, each)
                    return
                print_json(each) if json else show_trace(each)
                seen += 1
                if seen == count:
                    return

    run(work())


def _likely(report: Report) -> str:
    """The method to try a script with when nobody names one."""
    methods = [method for _, method in report.events]
    return "SendPushNotification" if "SendPushNotification" in methods else methods[0]


def _save(path: Path, trace: Trace) -> None:
    from heliograph.cli.demo_people import write_private

    write_private(path, msgspec.json.format(msgspec.json.encode(trace.call), indent=2) + b"\n")
    say(f"A call of {trace.method} is in {path}.")


def _settings(config: Path | None, data: Path | None) -> Settings:
    return loaded_from(config, data).settings


def _signature(method: str) -> Any:
    from heliograph.hooks.signatures import signature_of
    from heliograph.intake.methods import service_methods

    methods = service_methods()
    if method not in methods:
        raise NotFound(f"There is no method {method}. Known: {', '.join(sorted(methods))}.")
    return signature_of(method, methods[method])


@contextlib.asynccontextmanager
async def _rehearsal(settings: Settings) -> AsyncIterator[Rehearsal]:
    from heliograph.config.plain import plain_values
    from heliograph.hooks.rehearsal import Rehearsal
    from heliograph.hooks.signatures import signature_of
    from heliograph.intake.methods import service_methods
    from heliograph.scripts.asking import SEND_MESSAGES, SEND_PUSH, USER, Person

    someone = Person(associate_id=101, user_id=f"{101:032x}", user_name="keeper", email="keeper@example.com")
    told = {SEND_PUSH: b"1", SEND_MESSAGES: b"[]", USER: msgspec.json.encode(someone)}
    async with Rehearsal(
        {name: signature_of(name, function) for name, function in service_methods().items()},
        plain_values(settings),
        told,
        memory=settings.scripts.memory,
        time_limit=settings.scripts.time_limit,
        sandbox=settings.scripts.sandbox,
    ) as rehearsal:
        yield rehearsal


async def _ask(settings: Settings, what: str) -> Listing:
    from heliograph.app import CONTROL
    from heliograph.hooks.control import ask

    return await asyncio.wait_for(ask(settings.data_dir / CONTROL, what), 120)


def _recorded(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidArgument(f"{path} cannot be read as a call: {error}.") from None
