"""`demo`: one JSON line for programs, a tour for people, and lines that work when pasted."""

from __future__ import annotations

import base64
import json
import shutil
import stat
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Terminal, line_with

pytestmark = pytest.mark.slow


def asked(url: str, authorization: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": authorization})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own address
        return json.load(answer)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return Terminal(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def first(shared: Terminal) -> Iterator[dict[str, Any]]:
    """The line of a demo that stays up for these tests."""
    with shared.running("demo", "--json", "--port", "0", "--data", "here") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield json.loads(line)
    assert process.stdout is not None


def test_the_line_has_every_key_that_programs_need(first: dict[str, Any], shared: Terminal) -> None:
    assert {"url", "company_id", "integration_key", "ticket", "users", "administrator"} <= first.keys()
    assert first["plugins"][0] == "inbox"
    for user in first["users"]:
        assert user.keys() >= {"user_id", "associate_id", "user_name", "password", "email", "external_id"}
        assert all(user.values())
    folder = shared.folder / "here"
    assert Path(first["data_dir"]) == folder
    assert Path(first["scripts_dir"]).is_dir()
    assert stat.S_IMODE((folder / "demo.json").stat().st_mode) == 0o600


def test_ticket_and_passwords_open_the_inboxes(first: dict[str, Any]) -> None:
    inbox = first["url"] + "/api/v2/inbox"
    assert asked(inbox, f"SOTicket {first['ticket']}") == {"items": [], "next": None}
    for who in [*first["users"], first["administrator"]]:
        pair = base64.b64encode(f"{who['user_name']}:{who['password']}".encode()).decode()
        assert asked(inbox, f"Basic {pair}")["items"] == []


def test_the_same_folder_again_has_the_same_people_and_data_and_a_fresh_ticket(terminal: Terminal) -> None:
    lines = []
    for _ in range(2):
        with terminal.running("demo", "--json", "--port", "0", "--data", "here") as process:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            sent = terminal.ok("send", "--user", "anna", "--title", "Here again", "--data", "here", "--json").json
            assert sent["deliveries"][0]["state"] == "sent"
            items = asked(line["url"] + "/api/v2/inbox", f"SOTicket {line['ticket']}")["items"]
            lines.append((line, len(items)))
            process.terminate()
            assert process.stdout.read() == "", "one line and nothing else"
    (one, before), (two, after) = lines
    for key in ("company_id", "integration_key", "users", "administrator", "webhook_secret"):
        assert one[key] == two[key]
    assert one["ticket"] != two["ticket"]
    assert (before, after) == (1, 2)


def test_a_start_cut_short_before_the_record_was_written_is_taken_up(terminal: Terminal) -> None:
    for _ in range(2):
        with terminal.running("demo", "--json", "--port", "0", "--data", "here") as process:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            pair = base64.b64encode(f"anna:{line['users'][0]['password']}".encode()).decode()
            assert asked(line["url"] + "/api/v2/inbox", f"Basic {pair}")["items"] == []
        (terminal.folder / "here" / "demo.json").unlink()
    assert len(terminal.ok("company", "list", "--data", "here", "--json").json) == 1


def test_another_gateways_folder_is_left_alone(terminal: Terminal, company: dict[str, Any]) -> None:
    ran = terminal.run("demo", "--json", "--port", "0", "--data", "data")
    assert (ran.code, ran.out) == (2, "")
    assert "give the demo a folder of its own" in ran.err


def test_a_person_sees_every_message_arrive_and_every_curl_line_works(terminal: Terminal) -> None:
    with terminal.running("demo", "--port", "0", "--data", "here") as process:
        assert process.stdout is not None
        shown = []
        for line in process.stdout:
            shown.append(line)
            if "Ctrl-C" in line and "stops it" in line:
                break
        text = "".join(shown)
        for title, user in (
            ("Harbour light", "anna"),
            ("Pilot station", "bjorn"),
            ("Weather desk", "chidi"),
            ("Relief crew", "anna"),
            ("Stores", "bjorn"),
        ):
            [way] = [line for line in shown if f"{title}:" in line]
            assert "HTTP 200" in way
            assert f"in {user}'s inbox" in way
        lines = [line.strip() for line in shown if line.strip().startswith("curl ")]
        assert len(lines) == 8
        assert "IntegrationKey hk_" in text
        if shutil.which("curl") is None:
            pytest.skip("there is no curl here to paste into")
        for line in lines:
            streaming = "/stream" in line
            limited = line.replace("curl ", "curl --max-time 1 ", 1) if streaming else line
            done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=30, check=False)
            assert done.returncode == (28 if streaming else 0), done.stderr  # 28: its time was up, as it should be
            assert streaming or _good(done.stdout), done.stdout
        [command] = [line.split("commands", 1)[1].partition("(")[0] for line in shown if "  commands " in line]
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False, cwd="/")
        page = text.partition("console/sign-in#")[0].splitlines()[-1].strip()
        assert done.stdout.startswith(f"{page}console/sign-in#"), done.stderr
    assert "sent" in terminal.ok("message", "list", "--data", "here").out


def _good(answer: str) -> bool:
    """Whether an answer of the demo's lines tells of success."""
    success = ("<Succeeded>true" in answer or "Succeeded>true<" in answer) if "Envelope" in answer else True
    return success and "ErrorCode" not in answer and "Fault" not in answer and answer != ""


def test_a_taken_port_is_one_line(shared: Terminal, first: dict[str, Any], terminal: Terminal) -> None:
    port = first["url"].rpartition(":")[2]
    ran = terminal.run("demo", "--json", "--port", port, "--data", "elsewhere")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)


def test_what_the_environment_sets_stays(terminal: Terminal) -> None:
    environ = {"HELIOGRAPH_MESSAGING__WAIT": "0", "HELIOGRAPH_LOG__LEVEL": "info"}
    with terminal.running("demo", "--port", "0", "--data", "here", environ=environ) as process:
        line_with(process, "is up at")
