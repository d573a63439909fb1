"""`heliograph fake smtp`: a mail server on this machine, to rehearse the email channel and its bounces with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from heliograph.cli.common import JsonOption, run
from heliograph.cli.fake_common import FOLDER, FolderOption, PortOption, need, playing, welcome
from heliograph.cli.output import one_line, say
from heliograph.core.errors import BadSetting

if TYPE_CHECKING:
    from heliograph.testing.servers.smtp import Mail, SmtpServer

COMMANDS = ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "CONTENT", "RSET", "QUIT")
_USER, _PASSWORD = "rehearsal", "a lamp that turns"
_SETTINGS = """\
[channels.inbox]
kind = "inbox"

[channels.email]
kind = "email"
host = "127.0.0.1"
port = {port}
sender = "gateway@light.example"
username = "{user}"
password = "{password}"
ca_file = {ca}
bounce_address = "bounces@light.example"
reply_address = "replies@light.example"
inbound_port = {inbound}
"""


def smtp(
    port: PortOption = 0,
    inbound: Annotated[
        int,
        typer.Option(
            help="Port on which the gateway takes mail in, for the settings and for --bounce.", min=1, max=65535
        ),
    ] = 2526,
    folder: FolderOption = FOLDER,
    answer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ANSWER",
            help="Give this next: a command and its answer ('RCPT 550 5.1.1 No such user'), or stall, hang up; repeatable.",
        ),
    ] = None,
    bounce: Annotated[
        list[str] | None,
        typer.Option(metavar="BOUNCE", help="Take the next mail, then report it ('5.1.1 No such user'); repeatable."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Play a mail server until Ctrl-C: STARTTLS, a sign-in, and every refusal and bounce you ask for."""
    need("aiosmtpd")
    answers = [read_answer(text) for text in answer or []]
    run(_play(port, inbound, folder, answers, [read_bounce(text) for text in bounce or []], json))


def read_answer(text: str) -> tuple[str, str]:
    """`RCPT 550 5.1.1 No such user` as command and answer. Raises BadSetting saying what is known."""
    command, _, said = text.strip().partition(" ")
    code = said[:3]
    fits = said in ("stall", "hang up") or (code.isdigit() and code[0] in "2345" and said[3:4] in ("", " "))
    if command.upper() not in COMMANDS or not fits or not said.isprintable() or not said.isascii():
        raise BadSetting(
            f"--answer {text[:60]!r}: one of {', '.join(COMMANDS)}, and then an answer like '550 5.1.1 No such user', "
            "'stall' or 'hang up'."
        )
    return command.upper(), said


def read_bounce(text: str) -> tuple[str, str]:
    """`5.1.1 No such user` as status and words. Raises BadSetting."""
    status, _, words = text.strip().partition(" ")
    digits = status.split(".")
    if len(digits) != 3 or not all(part.isdigit() and part.isascii() for part in digits) or not words.isprintable():
        raise BadSetting(f"--bounce {text[:60]!r}: a status and words, like '5.1.1 No such user'.")
    return status, words or "undeliverable"


async def _play(
    port: int, inbound: int, folder: Path, answers: list[tuple[str, str]], bounces: list[tuple[str, str]], json: bool
) -> None:
    from heliograph.testing.certificates import Authority
    from heliograph.testing.servers.smtp import SmtpServer

    authority = Authority("Heliograph rehearsal")
    server = SmtpServer(
        tls=authority.server("127.0.0.1"),
        users={_USER: _PASSWORD},
        utf8=True,
        port=port,
        seen=lambda command, said: say(_line(command, said, json)),
    )
    for command, said in answers:
        server.refuse(command, said)
    async with playing(server) as stop:
        config = _written(folder, authority.pem.decode("ascii"), server.port, inbound)
        ready = {"port": server.port, "config": str(config), "kind": "smtp"}
        welcome(f"A fake mail server listens on 127.0.0.1:{server.port}", "email", ready, json=json)
        reporting = asyncio.create_task(_report(server, inbound, bounces, json), name="fake bounces")
        await stop.wait()
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)


async def _report(server: SmtpServer, inbound: int, bounces: list[tuple[str, str]], json: bool) -> None:
    """Say what comes, and report the first of it as it was asked for."""
    from heliograph.testing.servers.reports import delivery_report, hand_in

    known = 0
    while True:
        await asyncio.sleep(0.1)
        for mail in server.mails[known:]:
            known += 1
            say(_mail_line(mail, json))
            if bounces:
                status, words = bounces.pop(0)
                content = delivery_report(mail.recipients[0], status, words)
                try:
                    await asyncio.to_thread(hand_in, inbound, mail.sender, content)
                    say(_line("bounce", f"{status} {words}", json))
                except OSError as trouble:  # smtplib's own errors are of this kind too
                    say(_line("bounce", f"was not taken: {one_line(str(trouble))}", json))


def _written(folder: Path, ca: str, port: int, inbound: int) -> Path:
    from heliograph.testing.stage import ca_file, fill

    trusted = ca_file(folder, "email")
    settings = _SETTINGS.format(
        port=port,
        user=_USER,
        password=_PASSWORD,
        ca=msgspec.json.encode(str(trusted)).decode(),  # a JSON string is one of TOML's
        inbound=inbound,
    )
    fill(folder, {trusted.name: ca, "email.toml": settings})
    return folder / "email.toml"


def _line(command: str, said: str, json: bool) -> str:
    if json:
        return msgspec.json.encode({"command": command, "answer": said}).decode()
    return f"{command}: {said}"


def _mail_line(mail: Mail, json: bool) -> str:
    """Envelope and subject; what the mail says stays with its recipient."""
    to, subject = ", ".join(mail.recipients), one_line(str(mail.message["Subject"] or ""))
    if json:
        told = {"from": mail.sender, "to": to, "subject": subject, "bytes": len(mail.content)}
        return msgspec.json.encode(told).decode()
    return f"{one_line(mail.sender)} -> {one_line(to)}, {len(mail.content)} bytes: {subject}"
