"""`fake smtp` and `suppression`: a bounce is rehearsed with the command line alone, and its address used again."""

from __future__ import annotations

import json
import signal
import tomllib
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal, line_with
from tests.ports import free_port

from heliograph.cli.fake_smtp import read_answer, read_bounce
from heliograph.core.errors import BadSetting

pytestmark = pytest.mark.slow


def test_a_bounce_is_rehearsed_and_its_address_lifted(terminal: Terminal) -> None:
    stage, inbound = Path("stage"), free_port()
    words = ("--folder", "stage", "--inbound", str(inbound), "--bounce", "5.1.1 No such user", "--json")
    with terminal.running("fake", "smtp", *words) as fake:
        assert json.loads(line_with(fake, "config"))["config"] == "stage/email.toml"
        config = ("--config", str(stage / "email.toml"))
        assert terminal.run("company", "add", "Keepers", *config, "--data", "data").code == 0
        checked = terminal.run("channel", "check", "email", *config, "--data", "data")
        assert "signed us in" in checked.out, checked.err
        with terminal.running("serve", "--port", "0", *config, "--data", "data") as gateway:
            line_with(gateway, "listen")
            sent = terminal.run(
                "send", "--plugin", "email", "--to", "keeper@coast.example", "--text", "Fog?", *config, "--data", "data"
            )
            assert sent.err == ""  # it waits for the end, which may be the report already
            assert json.loads(line_with(fake, "keeper@coast"))["to"] == "keeper@coast.example"
            assert json.loads(line_with(fake, "bounce"))["answer"] == "5.1.1 No such user"
            found = terminal.run("suppression", "list", *config, "--data", "data", "--json").json
            assert [(one["channel"], one["address"]) for one in found] == [("email", "keeper@coast.example")]
            assert "5.1.1" in found[0]["reason"]
            gateway.send_signal(signal.SIGINT)
            assert gateway.wait(timeout=30) == 0
        lifted = terminal.run("suppression", "lift", "email", "keeper@coast.example", *config, "--data", "data")
        assert lifted.out.strip() == "keeper@coast.example is used again."
        again = terminal.run("suppression", "lift", "email", "keeper@coast.example", *config, "--data", "data")
        assert again.code == 1
        added = terminal.run("suppression", "add", "email", "Other@Coast.Example", *config, "--data", "data", "--json")
        assert added.json["address"] == "Other@coast.example"
        assert "withdrawn by an operator" in terminal.run("suppression", "list", *config, "--data", "data").out
        fake.send_signal(signal.SIGINT)
        assert fake.wait(timeout=60) == 0
        assert fake.stderr is not None
        assert fake.stderr.read() == ""


def test_the_settings_it_writes_are_for_nobody_else(terminal: Terminal) -> None:
    with terminal.running("fake", "smtp", "--folder", "stage", "--json") as fake:
        line_with(fake, "config")
        file = terminal.folder / "stage/email.toml"
        assert tomllib.loads(file.read_text())["channels"]["email"]["host"] == "127.0.0.1"
        assert file.stat().st_mode & 0o077 == 0
        fake.send_signal(signal.SIGINT)
        assert fake.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("RCPT 550 5.1.1 No such user", ("RCPT", "550 5.1.1 No such user")),
        ("content stall", ("CONTENT", "stall")),
        ("EHLO hang up", ("EHLO", "hang up")),
        ("STARTTLS 454 4.7.0 not now", ("STARTTLS", "454 4.7.0 not now")),
        ("MAIL 421", ("MAIL", "421")),
    ],
)
def test_an_answer_is_a_command_and_what_is_said_to_it(text: str, read: tuple[str, str]) -> None:
    assert read_answer(text) == read


@pytest.mark.parametrize(
    "text", ["", "550", "FLY 550 no", "RCPT no", "RCPT 5500 no", "RCPT 550 a\r\nb", "RCPT", "RCPT 150 x"]
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="--answer"):
        read_answer(text)


@pytest.mark.parametrize("text", ["", "5.1 no", "5.1.x no", "no such user", "5.1.1 a\nb"])
def test_what_is_no_bounce_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="--bounce"):
        read_bounce(text)
