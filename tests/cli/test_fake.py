"""`fake`: an operator rehearses with a provider on this machine, from the settings that the fake writes."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Terminal, line_with

from heliograph.testing.rehearsal import read_answer
from heliograph.testing.servers.apns import said
from heliograph.testing.servers.http2 import Fault

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["apns", "fcm"])
def test_the_settings_it_writes_make_a_channel_that_works_with_it(
    terminal: Terminal, company: dict[str, Any], kind: str
) -> None:
    with terminal.running("fake", kind, "--folder", "stage", "--json") as fake:
        ready = json.loads(line_with(fake, '"url"'))
        checked = terminal.ok("channel", "check", kind, "--config", ready["config"], "--json")
        assert json.loads(checked.out)[0]["ok"] is True
    assert fake.returncode == 0


def test_what_it_writes_is_for_its_owner_alone(terminal: Terminal) -> None:
    with terminal.running("fake", "apns", "--folder", "stage", "--json") as fake:
        line_with(fake, '"url"')
        folder = terminal.folder / "stage"
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
        assert files == dict.fromkeys(("ca.pem", "AuthKey_REHEARSAL1.p8", "apns.toml"), 0o600)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_answers_as_it_is_told_and_never_shows_a_whole_device_token(
    terminal: Terminal, company: dict[str, Any]
) -> None:
    device = "a1" * 32
    with terminal.running("fake", "apns", "--folder", "stage", "--json", "--answer", "410 Unregistered") as fake:
        config = json.loads(line_with(fake, '"url"'))["config"]
        lines = []
        with terminal.running("serve", "--config", config, "--port", "0") as gateway:
            line_with(gateway, "listens on")
            told = ("--plugin", "apns", "--to", device, "--text", "Fog", "--wait", "0", "--config", config)
            terminal.ok("send", *told)
            lines.append(line_with(fake, '"answer"'))
        assert json.loads(lines[0])["answer"] == "410"
        assert device not in lines[0]


@pytest.mark.parametrize("words", [("--answer", "soon"), ("--answer", "99"), ("--answer", "410 a b")])
def test_an_answer_that_cannot_be_given_is_a_mistake_of_the_call(terminal: Terminal, words: tuple[str, str]) -> None:
    ran = terminal.run("fake", "apns", *words)
    assert ran.code == 2
    assert "410 Unregistered" in ran.err
    assert not Path(terminal.folder, "heliograph-fake").exists()


def test_an_answer_is_a_status_and_a_reason_or_a_fault() -> None:
    assert read_answer("413 PayloadTooLarge", said) == said(413, "PayloadTooLarge")
    assert read_answer("200", said) == said(200)
    assert [read_answer(fault.value, said).fault for fault in Fault if fault] == [fault for fault in Fault if fault]
