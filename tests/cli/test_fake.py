"""`fake`: an operator rehearses with a provider on this machine, from the settings that the fake writes."""

from __future__ import annotations

import base64
import json
import re
import socket
import stat
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Terminal, line_with

from heliograph.testing.rehearsal import read_answer
from heliograph.testing.servers.apns import said
from heliograph.testing.servers.http2 import Fault

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["apns", "fcm", "webpush"])
def test_the_settings_it_writes_make_a_channel_that_works_with_it(
    terminal: Terminal, company: dict[str, Any], kind: str
) -> None:
    with terminal.running("fake", kind, "--folder", "stage", "--json") as fake:
        ready = json.loads(line_with(fake, '"url"'))
        checked = terminal.ok("channel", "check", kind, "--config", ready["config"], "--json")
        assert json.loads(checked.out)[0]["ok"] is True
    assert fake.returncode == 0


@pytest.mark.parametrize(("first", "second"), [("apns", "fcm"), ("webpush", "smtp")])
def test_two_fakes_in_one_folder_leave_each_other_in_peace(
    terminal: Terminal, company: dict[str, Any], first: str, second: str
) -> None:
    names = {"smtp": "email"}
    with terminal.running("fake", first, "--folder", "stage", "--json") as one:
        ready = [json.loads(line_with(one, '"config"'))]
        with terminal.running("fake", second, "--folder", "stage", "--json") as other:
            ready.append(json.loads(line_with(other, '"config"')))
            for kind, told in zip((first, second), ready, strict=True):
                checked = terminal.run("channel", "check", names.get(kind, kind), "--config", told["config"], "--json")
                assert json.loads(checked.out)[0]["ok"] is True, checked.out


def test_what_it_writes_is_for_its_owner_alone(terminal: Terminal) -> None:
    with terminal.running("fake", "apns", "--folder", "stage", "--json") as fake:
        line_with(fake, '"url"')
        folder = terminal.folder / "stage"
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
        assert files == dict.fromkeys(("apns-ca.pem", "AuthKey_REHEARSAL1.p8", "apns.toml"), 0o600)
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


@pytest.mark.parametrize(
    ("kind", "answer", "sentence"),
    [
        ("apns", "403 ExpiredProviderToken", "this machine's clock is wrong: set it by NTP."),
        ("apns", "403 InvalidProviderToken", "check `key_id`, `team_id`, the signing key and this machine's clock."),
        ("apns", "400 TopicDisallowed", "`topic` must be the bundle id."),
        ("apns", "403 BadEnvironmentKeyIdInToken", "change `environment` or the key."),
        ("fcm", "403 PERMISSION_DENIED", "Firebase Cloud Messaging API Admin, and enable the API."),
        ("fcm", "401 THIRD_PARTY_AUTH_ERROR", "the web push key in the Firebase project is missing or wrong."),
        ("webpush", "401", "it does not accept our key; check `private_key` and `subject`."),
        ("webpush", "stall", "cannot be reached"),
    ],
)
def test_a_check_of_a_channel_is_rehearsed_with_whatever_a_provider_may_answer(
    terminal: Terminal, company: dict[str, Any], kind: str, answer: str, sentence: str
) -> None:
    with terminal.running("fake", kind, "--folder", "stage", "--json", "--answer", answer) as fake:
        config = json.loads(line_with(fake, '"url"'))["config"]
        # Who never answers is waited for to the end: here not for the 15 s that real providers get.
        patience = {f"HELIOGRAPH_CHANNELS__{kind.upper()}__TIMEOUT": "2"} if answer == "stall" else {}
        checked = terminal.run("channel", "check", kind, "--config", config, "--json", environ=patience)
    [told] = json.loads(checked.out)
    assert (checked.code, told["ok"]) == (1, False)
    assert sentence in told["sentence"]
    assert told["sentence"].count(". ") == 0, "one sentence"


@pytest.mark.parametrize("words", [("--answer", "soon"), ("--answer", "99"), ("--answer", "410 a b")])
def test_an_answer_that_cannot_be_given_is_a_mistake_of_the_call(terminal: Terminal, words: tuple[str, str]) -> None:
    ran = terminal.run("fake", "apns", *words)
    assert ran.code == 2
    assert "410 Unregistered" in ran.err
    assert not Path(terminal.folder, "heliograph-fake").exists()


def test_a_port_that_is_taken_is_told_in_one_line(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken_by_us:
        ran = terminal.run("fake", "apns", "--port", str(taken_by_us.getsockname()[1]))
    assert ran.code == 2
    assert "cannot start" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_an_answer_is_a_status_and_a_reason_or_a_fault() -> None:
    assert read_answer("413 PayloadTooLarge", said) == said(413, "PayloadTooLarge")
    assert read_answer("200", said) == said(200)
    assert [read_answer(fault.value, said).fault for fault in Fault if fault] == [fault for fault in Fault if fault]


def test_a_browser_that_registers_gets_the_users_pushes(terminal: Terminal, company: dict[str, Any]) -> None:
    user = terminal.ok("user", "add", "anna", "--email", "anna@example.com", "--json").json
    with terminal.running("fake", "webpush", "--folder", "stage", "--json") as fake:
        config = json.loads(line_with(fake, '"url"'))["config"]
        device = (terminal.folder / "stage" / "device.json").read_bytes()
        with terminal.running("serve", "--config", config, "--port", "0") as gateway:
            url = re.search(r"http://\S+", line_with(gateway, "listens on"))
            assert url is not None
            place = url[0].rstrip(".")
            keys = {"CompanyId": company["company_id"], "IntegrationKey": company["integration_key"]}
            push = json.dumps({**keys, "UserEmail": "anna@example.com", "Title": "Fog", "Body": "Sound the horn"})
            basic = base64.b64encode(f"anna:{user['password']}".encode()).decode()
            send = {"Content-Type": "application/json"}
            posted(f"{place}/api/v2/device", device, {**send, "Authorization": f"Basic {basic}"})
            posted(f"{place}/api/v2/push", push.encode(), send)
            told = json.loads(line_with(fake, '"answer"'))
        listed = terminal.ok("device", "list", "--user", "anna", "--json").json
        fresh = terminal.ok("device", "list", "--stale", "1", "--json").json
        terminal.ok("device", "remove", str(listed[0]["id"]))
        gone = terminal.ok("device", "list", "--user", "anna", "--json").json
    assert told["answer"] == "201"
    assert [each["platform"] for each in listed] == ["WebPush"]
    assert (fresh, gone) == ([], [])


def posted(url: str, body: bytes, headers: dict[str, str]) -> None:
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - to our own gateway
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        assert answer.status == 200


def test_a_key_pair_for_browsers_is_made(terminal: Terminal) -> None:
    pair = terminal.ok("device", "key", "--json").json
    assert (len(pair["private_key"]), len(pair["public_key"])) == (43, 87)
    assert terminal.run("device", "list").code == 2
