"""`heliograph fake`: providers on this machine, to rehearse with before there are credentials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from heliograph.cli import fake_smsc, fake_smtp
from heliograph.cli.common import JsonOption, run
from heliograph.cli.fake_common import FOLDER, FolderOption, PortOption, need, playing, welcome
from heliograph.cli.output import say
from heliograph.core.errors import BadSetting

if TYPE_CHECKING:
    from heliograph.testing.rehearsal import Rehearsal
    from heliograph.testing.servers.http2 import Answer, Request

app = typer.Typer(no_args_is_help=True, help="Fake providers: rehearse deliveries without credentials.")

_TOKENS, _DIGITS = ("/3/device/", "/push/"), 8

AnswerOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ANSWER",
        help="Give this next, whatever is asked: a status and reason, or stall, reset, goaway, ...; repeatable.",
    ),
]


app.command("smsc")(fake_smsc.smsc)
app.command("smtp")(fake_smtp.smtp)


@app.command("apns")
def apns(
    topic: Annotated[str, typer.Option(help="The app's bundle id.")] = "com.example.keeper",
    environment: Annotated[
        Literal["production", "sandbox"], typer.Option(help="Apple's service for production or the sandbox.")
    ] = "production",
    port: PortOption = 0,
    folder: FolderOption = FOLDER,
    answer: AnswerOption = None,
    json: JsonOption = False,
) -> None:
    """Play Apple's push service until Ctrl-C: real TLS and HTTP/2, and it refuses what Apple refuses."""
    need("h2")
    from heliograph.testing import rehearsal

    _play(rehearsal.apns(topic, environment, port), folder, answer or [], json)


@app.command("fcm")
def fcm(
    port: PortOption = 0,
    folder: FolderOption = FOLDER,
    answer: AnswerOption = None,
    json: JsonOption = False,
) -> None:
    """Play Google's FCM and its access tokens until Ctrl-C; it refuses what Google refuses."""
    need("h2")
    from heliograph.testing import rehearsal

    _play(rehearsal.fcm(port), folder, answer or [], json)


@app.command("webpush")
def webpush(
    port: PortOption = 0,
    folder: FolderOption = FOLDER,
    answer: AnswerOption = None,
    json: JsonOption = False,
) -> None:
    """Play a push service and a browser until Ctrl-C; register the device.json it writes, and it gets pushes."""
    need("h2")
    from heliograph.testing import rehearsal

    _play(rehearsal.webpush(port), folder, answer or [], json)


def _play(rehearsal: Rehearsal, folder: Path, answers: list[str], json: bool) -> None:
    for text in answers:
        try:
            rehearsal.script(text)
        except ValueError as refusal:
            raise BadSetting(f"--answer {text[:60]!r}: {refusal}.") from None
    run(_until_told(rehearsal, folder, json))


async def _until_told(rehearsal: Rehearsal, folder: Path, json: bool) -> None:
    rehearsal.server.seen = lambda request, answer: say(_line(request, answer, json))
    async with playing(rehearsal.fake) as stop:
        ready = {"url": rehearsal.server.url, "config": str(rehearsal.write(folder)), "kind": rehearsal.kind}
        sentence = f"A fake {rehearsal.kind} listens on {rehearsal.server.url}"
        welcome(sentence, rehearsal.kind, ready, json=json)
        await stop.wait()


def _line(request: Request, answer: Answer, json: bool) -> str:
    """One request, without what follows the first digits of a device's token, and without the message."""
    path = request.path
    for before in _TOKENS:
        if path.startswith(before):
            path = f"{path[: len(before) + _DIGITS]}..."
    word = answer.fault.value or str(answer.status)
    reason = "" if answer.status < 300 else answer.body.decode("utf-8", "replace")
    if json:
        return msgspec.json.encode({"path": path, "answer": word, "body": reason}).decode()
    return f"{request.method} {path}, {len(request.body)} bytes: {word} {reason}".rstrip()
