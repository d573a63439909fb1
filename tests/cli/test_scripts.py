"""The commands for authors and operators of scripts, as they run them."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal, line_with

from heliograph.cli.script_samples import new_script
from heliograph.hooks.signatures import signature_of
from heliograph.intake.methods import service_methods

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples/scripts"


def test_a_new_script_is_fine_as_it_is_and_is_not_overwritten(terminal: Terminal) -> None:
    made = terminal.ok("scripts", "new", "quiet", "--method", "SendMessages")
    assert str(terminal.data / "scripts/quiet.py") in made.out
    checked = terminal.ok("scripts", "check", "--json").json
    assert checked[0]["events"] == [
        ["after", "SendMessages"],
        ["after_async", "SendMessages"],
        ["before", "SendMessages"],
    ]
    again = terminal.run("scripts", "new", "quiet")
    assert (again.code, "is there already" in again.err) == (2, True)
    outside = terminal.run("scripts", "new", "../quiet")
    assert (outside.code, "no name for a script" in outside.err) == (2, True)
    unknown = terminal.run("scripts", "new", "other", "--method", "SendPigeon")
    assert (unknown.code, "SendPushNotification" in unknown.err) == (1, True)


def test_every_method_has_a_template_that_is_fine_and_a_sample_that_runs(terminal: Terminal) -> None:
    methods = service_methods()
    first, *others = methods
    terminal.ok("scripts", "new", "s0", "--method", first)
    for number, method in enumerate(others, start=1):  # what the command writes, without a process for each
        text = new_script(signature_of(method, methods[method]))
        (terminal.data / f"scripts/s{number}.py").write_text(text, encoding="utf-8")
    assert all(not each["error"] for each in terminal.ok("scripts", "check", "--json").json)
    outcome = terminal.ok("scripts", "run", str(terminal.data / "scripts/s0.py"), "--json").json
    assert [event["event"] for event in outcome["events"]] == ["before", "after", "after_async"]


def test_check_tells_file_and_line_and_the_others_are_checked_all_the_same(terminal: Terminal) -> None:
    folder = terminal.data / "scripts"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("\n\ndef before_send_pus_notification(): ...\n")
    (folder / "b.py").write_text("def after_get_plugins(event): ...\n")
    checked = terminal.run("scripts", "check")
    assert checked.code == 2
    assert "a.py:3: before_send_pus_notification is not an event. Did you mean before_send_push_notification?" in (
        checked.out
    )
    assert "b.py is fine: after GetPlugins" in checked.out


def test_run_feeds_a_call_to_a_script_and_shows_what_it_did(terminal: Terminal) -> None:
    shown = terminal.ok("scripts", "run", str(EXAMPLES / "mask_card_numbers.py"))
    assert "changed message.message" in shown.out
    assert "Card **** 1111" in shown.out
    call = terminal.folder / "call.json"
    call.write_text(
        json.dumps(
            {
                "method": "SendPushNotification",
                "arguments": {"associate_ids": [7], "message": {"title": "Storm", "type": "ImportantMessage"}},
            }
        )
    )
    outcome = terminal.ok(
        "scripts", "run", str(EXAMPLES / "copy_important_to_mail.py"), "--call", str(call), "--json"
    ).json
    assert [asked["what"] for asked in outcome["asked"]] == ["user", "send_messages"]
    assert outcome["asked"][1]["with"]["outgoing_messages"][0]["to"] == "keeper@example.com"
    call.write_text('{"method": "SendPushNotification", "arguments": {"associate_ids": "all"}}')
    wrong = terminal.run("scripts", "run", str(EXAMPLES / "quiet_hours.py"), "--call", str(call))
    assert (wrong.code, "Expected `array`, got `str`" in wrong.err) == (2, True)


def test_commands_that_need_a_gateway_say_so(terminal: Terminal) -> None:
    for command in ("list", "reload", "trace"):
        ran = terminal.run("scripts", command)
        assert (ran.code, "No gateway serves" in ran.err) == (1, True)


def test_scripts_are_listed_reloaded_traced_and_recorded_while_a_gateway_serves(terminal: Terminal) -> None:
    terminal.ok("company", "add", "Lighthouse Keepers")
    terminal.ok("user", "add", "keeper")
    with terminal.running("serve", "--port", "0") as gateway:
        line_with(gateway, "listens on")
        (terminal.data / "scripts/loud.py").write_text(
            "from heliograph.scripts import log\n"
            "def before_send_push_notification(associate_ids, message, event):\n"
            "    message.title = message.title.upper()\n"
            "def after_send_push_notification_async(associate_ids, message, event):\n"
            "    log.info('afterwards')\n"
        )
        listing = terminal.ok("scripts", "reload", "--json").json
        assert [(each["name"], each["state"]) for each in listing["scripts"]] == [("loud.py", "serving")]
        with terminal.running("scripts", "trace", "--count", "2") as trace:
            line_with(trace, "Watching")
            sent = terminal.ok("send", "--user", "keeper", "--title", "storm", "--json").json
            assert "STORM" in json.dumps(sent)  # the command raises events as well
            lines = line_with(trace, "afterwards") + line_with(trace, "after_async SendPushNotification")
            assert "loud.py" in lines
            trace.wait(60)
        record = terminal.folder / "call.json"
        with terminal.running("scripts", "trace", "--record", str(record)) as trace:
            line_with(trace, "Watching")
            threading.Thread(target=terminal.ok, args=("send", "--user", "keeper", "--title", "gale")).start()
            line_with(trace, "is in")
            trace.wait(60)
        assert json.loads(record.read_text())["arguments"]["message"]["title"] == "GALE"
        assert record.stat().st_mode & 0o777 == 0o600
        (terminal.data / "scripts/loud.py").write_text("def before_send_push_notification(: ...")
        broken = terminal.run("scripts", "reload")
        assert (broken.code, "loud.py:1:" in broken.out) == (1, True)
    assert not (terminal.data / "scripts.sock").exists()
