"""`send`, `message` and `channel`: beside a running gateway, and without one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.terminal import Terminal, line_with

pytestmark = pytest.mark.slow

CHANNELS = """
[channels.odd]
kind = "stub"
answers = "refused"
"""


@pytest.fixture
def configured(terminal: Terminal, company: dict[str, Any]) -> Terminal:
    (terminal.folder / "heliograph.toml").write_text(CHANNELS)
    terminal.ok("user", "add", "anna", "--email", "anna@example.com")
    return terminal


def test_without_a_gateway_a_message_waits_on_disk_and_is_delivered_by_the_next_one(configured: Terminal) -> None:
    sent = configured.ok("send", "--user", "anna", "--title", "Fog", "--wait", "0.2")
    assert "it waits on disk until a gateway serves this folder" in sent.out
    [waiting] = configured.ok("message", "list", "--state", "queued", "--json").json
    with configured.running("serve", "--port", "0") as gateway:
        line_with(gateway, "listens on")
        followed = configured.ok("send", "--user", "anna@example.com", "--body", "Still fog", "--json").json
        assert (followed["settled"], followed["deliveries"][0]["state"]) == (True, "sent")
    shown = configured.ok("message", "show", str(waiting["id"]), "--json").json
    [delivery] = shown["deliveries"]
    assert delivery["state"] == "sent"
    assert [attempt["outcome"] for attempt in delivery["tries"]] == ["accepted"]
    assert "Fog" in configured.ok("message", "show", str(waiting["id"])).out


def test_a_dead_letter_is_listed_shown_and_retried(configured: Terminal) -> None:
    with configured.running("serve", "--port", "0") as gateway:
        line_with(gateway, "listens on")
        sent = configured.run("send", "--plugin", "odd", "--to", "42", "--text", "hello", "--json")
        assert (sent.code, sent.json["deliveries"][0]["state"]) == (1, "failed")
    id = str(sent.json["id"])
    assert "odd failed" in configured.ok("message", "list", "--state", "failed").out
    moved = configured.ok("message", "retry", id)
    assert f"message {id}, delivery" in moved.out
    assert "1 of 1 deliveries moved." in moved.out
    again = configured.run("message", "retry", id)
    assert (again.code, "it is still waiting for its turn" in again.out) == (1, True)
    assert configured.ok("message", "cancel", id, "--json").json[0]["state"] == "cancelled"
    assert configured.run("message", "retry", "--all").code == 1


def test_retry_all_takes_every_dead_letter(configured: Terminal) -> None:
    ids = []
    for number in range(2):  # nobody goes by these names: the messages are born dead, with the reason
        sent = configured.run("send", "--plugin", "inbox", "--to", f"nobody{number}", "--text", "hello", "--json")
        ids.append(sent.json["id"])
    answers = configured.ok("message", "retry", "--all", "--json").json
    assert [answer["message_id"] for answer in answers] == ids
    assert all(answer["moved"] for answer in answers)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("message", "show", "4711"), 1, "There is no message 4711."),
        (("message", "retry"), 2, "name message ids, or say --all"),
        (("send", "--title", "x"), 2, "say either --user"),
        (("send", "--user", "nobody", "--title", "x"), 1, "goes by 'nobody'"),
        (("send", "--user", "anna"), 2, "--title or a --body"),
        (("send", "--plugin", "pigeon", "--to", "x", "--text", "y"), 2, "Configured: inbox, odd."),
        (("channel", "check", "pigeon"), 1, "There is no channel 'pigeon'. Configured: inbox, odd."),
    ],
)
def test_what_goes_wrong_is_one_clear_sentence(
    configured: Terminal, words: tuple[str, ...], code: int, says: str
) -> None:
    ran = configured.run(*words)
    assert (ran.code, says in " ".join(ran.err.split())) == (code, True), ran.err
    assert "Traceback" not in ran.err


def test_channels_are_listed_and_checked(configured: Terminal) -> None:
    rows = {row["name"]: row for row in configured.ok("channel", "list", "--json").json}
    assert (rows["odd"]["kind"], rows["inbox"]["config_keys"]) == ("stub", None)
    assert [answer["ok"] for answer in configured.ok("channel", "check", "--json").json] == [True, True]
    assert "works" in configured.ok("channel", "check", "inbox").out
